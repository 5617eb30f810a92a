package client

import (
	"bytes"
	"sync"

	"github.com/parley-dm/parley/wire"
)

// result is what a request of a connection ended in.
type result struct {
	status wire.Status
	data   []byte
	err    error
}

// pendingRequests are the requests of one connection that wait for their responses.
type pendingRequests struct {
	mu      sync.Mutex
	waiting map[uint32]chan result // guarded by mu; each channel holds one result
	lastID  uint32                 // guarded by mu
	failed  bool                   // guarded by mu: the connection has ended
	opened  chan struct{}          // guarded by mu: closed when a request comes; nil while the reader does not wait for that
}

// open enters a request and returns its id, which no other waiting request has and is not 0. The
// result is false when the connection has ended.
func (c *pendingRequests) open() (uint32, <-chan result, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed {
		return 0, nil, false
	}
	if c.waiting == nil {
		c.waiting = make(map[uint32]chan result)
	}
	for {
		c.lastID++
		if _, used := c.waiting[c.lastID]; c.lastID != 0 && !used {
			break
		}
	}
	answer := make(chan result, 1)
	c.waiting[c.lastID] = answer
	if c.opened != nil {
		close(c.opened)
		c.opened = nil
	}

	return c.lastID, answer, true
}

// drop removes a request whose caller has given up. Its response is discarded.
func (c *pendingRequests) drop(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// answer gives a response to the request that waits for it.
func (c *pendingRequests) answer(f wire.Frame) error {
	status, data, err := wire.ParseResponse(f.Payload)
	if err != nil {
		return err
	}
	c.mu.Lock()
	answer := c.waiting[f.ID]
	delete(c.waiting, f.ID)
	c.mu.Unlock()
	if answer == nil {
		return nil // given up meanwhile
	}
	if len(data) == 0 {
		data = nil
	}
	answer <- result{status: status, data: bytes.Clone(data)}

	return nil
}

// fail ends all requests with err and lets no other in.
func (c *pendingRequests) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = true
	for _, answer := range c.waiting {
		answer <- result{err: err}
	}
	c.waiting = nil
}

// some tells whether any request waits, and if not returns a channel that is closed when one comes.
func (c *pendingRequests) some() (bool, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) > 0 {
		return true, nil
	}
	if c.opened == nil {
		c.opened = make(chan struct{})
	}

	return false, c.opened
}
