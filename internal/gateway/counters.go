package gateway

import (
	"sync/atomic"

	"github.com/parley-dm/parley/wire"
)

// Cause is why a session ended.
type Cause uint8

// Causes. Their String is a metric's label.
const (
	CauseLeft      Cause = iota // the client said goodbye or closed
	CauseLost                   // the connection broke
	CauseNoHello                // no hello came in time
	CauseBadToken               // goodbye 2001
	CauseExpired                // goodbye 2001: the token of an open session
	CauseRefused                // the node did not admit it
	CauseProtocol               // goodbye 2003
	CauseHeartbeat              // goodbye 1002
	CauseSlow                   // goodbye 1003
	CauseReplaced               // goodbye 2002
	CauseRemoved                // goodbye 2005
	CauseStopping               // goodbye 1001: the node stops
	CauseOther                  // any other goodbye that the node's program chose
	causes
)

var causeNames = [causes]string{
	"left", "lost", "no_hello", "bad_token", "token_expired", "refused", "protocol", "heartbeat", "slow", "replaced", "removed", "stopping", "other",
}

// String is the cause in a word.
func (c Cause) String() string {
	if c < causes {
		return causeNames[c]
	}

	return "unknown"
}

// counters are written by all sessions.
type counters struct {
	accepted, refused, acceptErrors atomic.Uint64
	framesIn, framesOut             atomic.Uint64
	bytesIn, bytesOut               atomic.Uint64
	pings, busy, stalls             atomic.Uint64
	pauses, shaped                  atomic.Uint64
	delayed                         atomic.Uint64
	pending, open                   atomic.Int64
	ended                           [causes]atomic.Uint64

	// For metrics.
	logins, users [len(transportNames)]atomic.Int64
	goodbyes      [len(goodbyeCodes)]atomic.Uint64
}

// Stats are a gateway's counters since it was made.
type Stats struct {
	Accepted     uint64 // connections taken
	Refused      uint64 // connections closed at once: too many, of this address or in all
	Delayed      uint64 // logins that had to wait: too many of this address or user
	AcceptErrors uint64 // the operating system could not accept, for instance for want of file descriptors
	FramesIn     uint64 // from clients
	FramesOut    uint64 // to clients, taken by the operating system
	BytesIn      uint64 // framing included; of TLS the content
	BytesOut     uint64
	Pings        uint64 // sent because a session was idle
	Busy         uint64 // pushes refused because a queue was full
	Stalls       uint64 // times a client did not take at once what it was sent
	Pauses       uint64 // times a client was not read from because it did not read, or waited for outcomes
	Shaped       uint64 // times a client was not read from because it had used up its budget
	Pending      int64  // connections without a hello, now
	Open         int64  // sessions with a welcome, now
	Held         int64  // connections that are not logged in, now: those that linger and HTTP included
	Ended        map[Cause]uint64
	Denied       map[Denial]uint64 // connections and logins refused

	Logins   map[string]int64        // welcomes, by transport
	Users    map[string]int64        // sessions with a welcome, now, by transport
	Goodbyes map[wire.Goodbye]uint64 // said to clients; code 0 stands for all that the engine does not have
}

// Stats returns the counters. They are read one by one, not at one moment.
func (g *Gateway) Stats() Stats {
	c := &g.count
	s := Stats{
		Accepted: c.accepted.Load(), Refused: c.refused.Load(), AcceptErrors: c.acceptErrors.Load(),
		FramesIn: c.framesIn.Load(), FramesOut: c.framesOut.Load(), BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
		Pings: c.pings.Load(), Busy: c.busy.Load(), Stalls: c.stalls.Load(), Pauses: c.pauses.Load(), Shaped: c.shaped.Load(),
		Pending: c.pending.Load(), Open: c.open.Load(),
		Delayed: c.delayed.Load(), Held: int64(g.door.held()),
		Ended: make(map[Cause]uint64, causes), Denied: make(map[Denial]uint64, denialKinds),
	}
	for i := range g.denials.counts[1:] {
		s.Denied[Denial(i+1)] = g.denials.counts[i+1].Load()
	}
	for i := range c.ended {
		s.Ended[Cause(i)] = c.ended[i].Load()
	}

	c.metrics(&s)

	return s
}
