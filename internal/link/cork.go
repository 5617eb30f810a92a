package link

import (
	"sync"
	"sync/atomic"
)

// Cork stands around many packets that are sent in a row, to whatever nodes. Between Begin and End
// the links write nothing unless 32 KiB have gathered, and End has them written with one call for
// each link. Nil is none. Safe for use by several goroutines.
type Cork struct {
	depth atomic.Int32 // written with mu held; calls of Begin without their End

	mu    sync.Mutex
	wait  []*Link // guarded by mu; have something to write
	spare []*Link // guarded by mu
}

// Begin must be followed by End, soon.
func (c *Cork) Begin() {
	c.mu.Lock()
	c.depth.Add(1)
	c.mu.Unlock()
}

// End has everything written that has gathered, from all senders.
func (c *Cork) End() {
	c.mu.Lock()
	c.depth.Add(-1)
	links := c.wait
	c.wait, c.spare = c.spare, nil
	c.mu.Unlock()
	for i, l := range links {
		l.mu.Lock()
		l.inCork = false
		l.unlockAndWrite(true)
		links[i] = nil
	}
	c.mu.Lock()
	c.spare = links[:0]
	c.mu.Unlock()
}

// holds has the link wait for the End to come, if there is one. Called with the
// link's mu held.
func (c *Cork) holds(l *Link) bool {
	if c == nil || c.depth.Load() == 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.depth.Load() == 0 {
		return false
	}
	if !l.inCork {
		l.inCork = true
		c.wait = append(c.wait, l)
	}

	return true
}
