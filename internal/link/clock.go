package link

import (
	"sync/atomic"
	"time"
)

// machineClock is a clock that goes on while the machine sleeps, read without a system call: the
// monotonic clock, and what the machine has slept. Sleep shows as a jump of the wall clock against
// the monotonic one; only then is the system's own such clock read. Safe for use by several
// goroutines.
type machineClock struct {
	start time.Time
	boot  time.Duration // bootTime at start
	ahead atomic.Int64  // wall clock against monotonic clock since start, as last looked into
	slept atomic.Int64  // since start
}

// wallJump is the jump of the wall clock that is looked into.
const wallJump = 10 * time.Millisecond

func newMachineClock() *machineClock {
	return &machineClock{start: time.Now(), boot: bootTime()}
}

func (c *machineClock) now() time.Duration {
	t := time.Now()
	mono := t.Sub(c.start)
	ahead := t.UnixNano() - c.start.UnixNano() - int64(mono)
	if d := time.Duration(ahead - c.ahead.Load()); d > wallJump || d < -wallJump {
		c.jumped(ahead, mono)
	}

	return mono + time.Duration(c.slept.Load())
}

// jumped finds out whether the machine has slept or the wall clock was set.
func (c *machineClock) jumped(ahead int64, mono time.Duration) {
	slept := int64(bootTime() - c.boot - mono)
	for {
		was := c.slept.Load()
		if slept <= was || c.slept.CompareAndSwap(was, slept) {
			break
		}
	}
	c.ahead.Store(ahead)
}
