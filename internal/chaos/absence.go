package chaos

import (
	"context"
	"fmt"
	"time"
)

// absence is a user's time away, which lasts until all peers know: they must be told.
type absence struct {
	who  *user
	at   moment
	owed []owed
}

// owed is a notice that a peer must get.
type owed struct {
	peer    *user
	session *session // the peer's, which must live to hear it
}

// leave keeps a user from connecting again, and finds the peers that must get a notice if the
// connection breaks now. A user without a connection in good order owes nothing.
func (p *user) leave(all []*user) absence {
	p.mu.Lock()
	if p.away == nil {
		p.away = make(chan struct{})
	}
	s := p.now
	p.mu.Unlock()
	a := absence{who: p, at: p.history.now()}
	if s == nil || !s.alive() {
		return a
	}
	for _, q := range all {
		if q == p {
			continue
		}
		q.mu.Lock()
		theirs := q.now
		q.mu.Unlock()
		if theirs == nil || !theirs.alive() || !theirs.node.healthy(a.at.add(-time.Second), forever) {
			continue
		}
		talked := max(p.history.flow(p, q).talked(s, theirs), p.history.flow(q, p).talked(theirs, s))
		if talked != never && q.heard(p, talked) == never {
			a.owed = append(a.owed, owed{q, theirs})
		}
	}

	return a
}

// back lets the user connect again.
func (p *user) back() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away != nil {
		close(p.away)
		p.away = nil
	}
}

// talked is when the last message was sent that went from one session to another and was
// acknowledged: since then they have a channel.
func (f *flow) talked(via, by *session) moment {
	const most = 200 // beyond, it is as if they had not
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.ops) - 1; i >= max(0, len(f.ops)-most); i-- {
		if x := &f.ops[i]; x.outcome == delivered && x.via == via && x.by == by {
			return x.sent
		}
	}

	return never
}

// heard is when the user was told, not before some moment, that a peer has gone.
func (p *user) heard(of *user, from moment) moment {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.notices {
		if n.of == of && n.at >= from {
			return n.at
		}
	}

	return never
}

// await waits until all owed notices have come, and returns how long each took. A peer that loses
// its connection is owed nothing any more. Notices that do not come in time are violations.
func (a absence) await(ctx context.Context, within time.Duration, why fate) (times []time.Duration) {
	left := a.owed
	for {
		var still []owed
		for _, o := range left {
			if at := o.peer.heard(a.who, a.at); at != never {
				times = append(times, at.since(a.at))
			} else if o.session.alive() {
				still = append(still, o)
			}
		}
		left = still
		if len(left) == 0 || a.who.history.now().since(a.at) > within || sleep(ctx, 5*time.Millisecond) != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return times
	}
	for _, o := range left {
		a.who.history.violation(wrong{rule: untold, text: fmt.Sprintf("%s is gone since %v (%s) and %s has not heard of it after %v: %v",
			a.who.id, a.at, why, o.peer.id, within, o.session.record())})
	}

	return times
}
