package node

import (
	"sync/atomic"
	"time"
)

// Stamp is a point in the cluster's order of logins: milliseconds since 1970 in the upper 48 bits,
// a counter in the lower 16. The epochs in which a session sends count up from its stamp.
type Stamp uint64

const stampCounterBits = 16

// Time is the wall-clock part of the stamp, to the millisecond.
func (s Stamp) Time() time.Time { return time.UnixMilli(int64(s >> stampCounterBits)) }

// StampOf is the first stamp of that millisecond.
func StampOf(t time.Time) Stamp { return Stamp(t.UnixMilli()) << stampCounterBits }

// MaxAhead bounds how far a stamp of another node may be ahead of this node's wall clock and still
// be taken over by [Clock.Observe].
const MaxAhead = time.Minute

// Clock is a hybrid logical clock: the wall clock where it can, a counter where the wall clocks of
// nodes disagree. The zero value is ready. Safe for use by several goroutines.
type Clock struct {
	last atomic.Uint64
}

// Now returns a stamp later than every stamp that this clock has returned or taken over.
func (c *Clock) Now() Stamp {
	wall := uint64(StampOf(time.Now()))
	for {
		last := c.last.Load()
		next := max(wall, last+1)
		if c.last.CompareAndSwap(last, next) {
			return Stamp(next)
		}
	}
}

// Observe makes all later stamps of this clock later than s. A stamp more than MaxAhead ahead of
// the wall clock changes nothing: no other node can push this clock away.
func (c *Clock) Observe(s Stamp) {
	if s > StampOf(time.Now().Add(MaxAhead)) {
		return
	}
	for {
		last := c.last.Load()
		if uint64(s) <= last || c.last.CompareAndSwap(last, uint64(s)) {
			return
		}
	}
}
