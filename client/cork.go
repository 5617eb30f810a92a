package client

import (
	"net"
	"sync"
)

// cork is a network connection whose writes can be held back and then sent as one. The WebSocket
// library writes after each message; under load that would be a system call a message, or several.
type cork struct {
	net.Conn

	mu   sync.Mutex
	held []byte // guarded by mu
	on   bool   // guarded by mu
}

const corkKeep = 64 << 10 // a larger buffer is not kept for the next time

// Write sends b, or adds it to what is held back.
func (c *cork) Write(b []byte) (int, error) {
	c.mu.Lock()
	if c.on {
		defer c.mu.Unlock()
		c.held = append(c.held, b...)

		return len(b), nil
	}
	c.mu.Unlock()

	return c.Conn.Write(b)
}

// hold starts holding back.
func (c *cork) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = true
}

// release sends what was held back and stops holding. It keeps others from writing before it is
// done.
func (c *cork) release() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = false
	var err error
	if len(c.held) > 0 {
		_, err = c.Conn.Write(c.held)
	}
	if c.held = c.held[:0]; cap(c.held) > corkKeep {
		c.held = nil
	}

	return err
}
