package bench

import (
	"net"
	"sync"
)

// combiningWriter writes a frame at once unless another goroutine is writing. Otherwise the frame
// is queued, and the writing goroutine sends it.
type combiningWriter struct {
	conn net.Conn

	mu      sync.Mutex
	writing bool   // guarded by mu
	pending []byte // guarded by mu
	spare   []byte // guarded by mu
}

func (c *combiningWriter) write(frame []byte) error {
	c.mu.Lock()
	c.pending = append(c.pending, frame...)
	if c.writing {
		c.mu.Unlock()

		return nil
	}
	c.writing = true
	var err error
	for len(c.pending) > 0 && err == nil {
		batch := c.pending
		c.pending = c.spare[:0]
		c.mu.Unlock()
		_, err = c.conn.Write(batch)
		c.mu.Lock()
		c.spare = batch
	}
	c.writing = err != nil // a broken connection takes nothing more
	c.mu.Unlock()

	return err
}
