package link

import (
	"sync"
	"sync/atomic"
)

// Cork is around many packets that are sent in a row, to whatever nodes: while somebody is between Begin and End, the links write nothing, unless
// much has gathered, and End has all of them written with one call for each link. Nil is none. Safe for use by several goroutines.
type Cork struct {
	in atomic.Int32 // written with mu held; how many are between Begin and End

	mu    sync.Mutex
	wait  []*Link // guarded by mu; have something to write
	spare []*Link // guarded by mu
}

// Begin must be followed by End, soon.
func (c *Cork) Begin() {
	c.mu.Lock()
	c.in.Add(1)
	c.mu.Unlock()
}

// End has everything written that has gathered, by whomever it was sent.
func (c *Cork) End() {
	c.mu.Lock()
	c.in.Add(-1)
	links := c.wait
	c.wait, c.spare = c.spare, nil
	c.mu.Unlock()
	for i, l := range links {
		l.mu.Lock()
		l.waits = false
		l.unlockAndWrite(true)
		links[i] = nil
	}
	c.mu.Lock()
	c.spare = links[:0]
	c.mu.Unlock()
}

// holds has the link wait for the End that is to come, if there is one. Called with the link's mu held.
func (c *Cork) holds(l *Link) bool {
	if c == nil || c.in.Load() == 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.in.Load() == 0 {
		return false
	}
	if !l.waits {
		l.waits = true
		c.wait = append(c.wait, l)
	}

	return true
}
