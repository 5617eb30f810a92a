package mesh

import (
	"sync/atomic"
	"time"
)

// Stamp is a point in the cluster's order of events: milliseconds since 1970 in the upper 48 bits, a counter in the lower 16.
// Stamps of one node only grow; what a node does after it heard of a stamp is stamped later.
type Stamp uint64

const stampCounterBits = 16

// Time is the wall-clock part of the stamp, to the millisecond.
func (s Stamp) Time() time.Time {
	return time.UnixMilli(int64(s >> stampCounterBits))
}

// Clock is a hybrid logical clock: the wall clock where it can, a counter where wall clocks of nodes
// disagree. It decides which of two logins is the newer and orders the epochs of a sender.
// Safe for use by several goroutines.
type Clock struct {
	last atomic.Uint64
}

// Now returns a stamp later than every stamp this clock has returned or observed.
func (c *Clock) Now() Stamp {
	wall := uint64(time.Now().UnixMilli()) << stampCounterBits
	for {
		last := c.last.Load()
		next := max(wall, last+1)
		if c.last.CompareAndSwap(last, next) {
			return Stamp(next)
		}
	}
}

// Observe makes all later stamps of this clock later than s.
func (c *Clock) Observe(s Stamp) {
	for {
		last := c.last.Load()
		if uint64(s) <= last || c.last.CompareAndSwap(last, uint64(s)) {
			return
		}
	}
}
