package gateway

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// slot is the right to accept one TLS connection. A nil slot is none.
//
// A client that says nothing for slotTime loses it, before its ClientHello and after the server's
// answer: so clients that are slow, or mean harm, do not use up the slots. In between the
// connection waits for its signature.
type slot struct {
	h       *tlsSlots
	timer   *time.Timer // calls giveBack; nil until accepted
	once    atomic.Bool
	waiting atomic.Bool // for the signature
}

// acquire waits for a slot. It returns nil if done is closed first.
func (h *tlsSlots) acquire(done <-chan struct{}) *slot {
	for {
		h.mu.Lock()
		if h.used < h.slots() {
			h.used++
			h.mu.Unlock()

			return &slot{h: h}
		}
		freed := h.freed
		h.mu.Unlock()
		select {
		case <-freed:
		case <-done:
			return nil
		}
	}
}

// accepted begins the time of the slot.
func (s *slot) accepted() {
	if s != nil {
		s.timer = time.AfterFunc(slotTime, s.giveBack)
	}
}

// greeted stops the time of the slot: the ClientHello has come, and waits for the signature.
func (s *slot) greeted() {
	if s.timer.Stop() {
		s.waiting.Store(true)
	}
}

// answered begins the time of the slot anew: it is the client's turn.
func (s *slot) answered() {
	if s.waiting.Swap(false) {
		s.timer.Reset(slotTime)
	}
}

// done gives the slot back. It may be called any number of times.
func (s *slot) done() {
	if s == nil {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.giveBack()
}

func (s *slot) giveBack() {
	if s.once.Swap(true) {
		return
	}
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.h.used--
	close(s.h.freed)
	s.h.freed = make(chan struct{})
}

// slotConn is a connection below TLS, with its slot.
type slotConn struct {
	net.Conn

	slot *slot
}

// Write implements net.Conn. The first one after the ClientHello carries the signature: crypto/tls
// gathers its side of the handshake until then.
func (c *slotConn) Write(p []byte) (int, error) {
	c.slot.answered()

	return c.Conn.Write(p)
}

// SyscallConn implements syscall.Conn.
func (c *slotConn) SyscallConn() (syscall.RawConn, error) {
	if conn, ok := c.Conn.(syscall.Conn); ok {
		return conn.SyscallConn()
	}

	return nil, syscall.EINVAL
}
