package gateway

import "time"

// A session has a budget of messages and bytes a second. A client that sends faster is not read
// from until its budget allows more: its bytes wait with the operating systems of both sides, and
// nothing is refused, lost or reordered. All frames count as messages, also pings, unknown commands
// and fragments; bytes are counted as they are read, framing included.

// leastRead is what a read call counts at least, in bytes: one for a single byte costs as much as
// one for many.
const leastRead = 512

// burst is how much of its budget a session may use at once, as a time.
const burst = 4 * time.Second

// Rates are what a session may send in a second. Zero is unlimited.
type Rates struct {
	Messages int64
	Bytes    int64
}

// Limited reports whether there is a limit.
func (r Rates) Limited() bool { return r.Messages > 0 || r.Bytes > 0 }

// cost is the time in which that many units are paid for at a rate.
func cost(units int, rate int64) time.Duration {
	if rate <= 0 {
		return 0
	}

	return time.Duration(float64(units) * (float64(time.Second) / float64(rate)))
}

// budget says how much of its rates a session has used: what it has sent until now is paid for at
// these times, on the gateway's clock (GCRA, the generic cell rate algorithm). Owned by the reader
// of the session.
type budget struct {
	messages, bytes time.Duration
}

// charge counts what was sent.
func (b *budget) charge(r Rates, now time.Duration, messages, bytes int) {
	if messages > 0 {
		b.messages = max(b.messages, now) + cost(messages, r.Messages)
	}
	if bytes > 0 {
		b.bytes = max(b.bytes, now) + cost(bytes, r.Bytes)
	}
}

// overdraft is how long the session has to wait until it may send again; not positive: not at all.
func (b *budget) overdraft(now time.Duration) time.Duration {
	return max(b.messages, b.bytes) - now - burst
}

// elapsed is the gateway's clock, which no change of the system's time affects.
func (g *Gateway) elapsed() time.Duration { return time.Since(g.began) }

// milliseconds is elapsed, never 0. It begins anew after 49 days.
func (g *Gateway) milliseconds() uint32 { return max(1, uint32(g.elapsed().Milliseconds())) }

// charge counts what the client has sent.
func (s *session) charge(messages, bytes int) {
	if rates := s.token.rates.Load(); rates.Limited() {
		s.budget.charge(*rates, s.gw.elapsed(), messages, bytes)
	}
}

// overdraft is how long the client must not be read from for its budget's sake.
func (s *session) overdraft() time.Duration {
	if !s.token.rates.Load().Limited() {
		return 0
	}

	return max(0, s.budget.overdraft(s.gw.elapsed()))
}

// mustWait reports whether the client must not be read from now.
func (s *session) mustWait() bool { return s.readHolds.Load() != 0 || s.overdraft() > 0 }
