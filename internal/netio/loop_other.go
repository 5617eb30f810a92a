//go:build !linux

package netio

import (
	"net"
)

// Loop watches connections without a goroutine for each. Here there is none.
type Loop struct{}

// Watcher is who is told of a connection.
type Watcher interface{ Wake(over bool) }

// NewLoop returns nil, a Loop that takes nobody.
func NewLoop(Batch) *Loop { return nil }

// Add returns false.
func (*Loop) Add(*Bare, Watcher) bool { return false }

// Remove does nothing.
func (*Loop) Remove(*Bare, Watcher) {}

// Kept returns false.
func (*Loop) Kept() bool { return false }

// Close does nothing.
func (*Loop) Close() {}

// Bare is a TCP connection that Go's runtime knows nothing of. Here there is none.
type Bare struct{}

// Take returns false.
func (*Bare) Take(net.Conn) bool { return false }

// Drop does nothing.
func (*Bare) Drop() {}

// Held returns false.
func (*Bare) Held() bool { return false }

// Close does nothing.
func (*Bare) Close() {}

// TryRead is not to be called.
func (*Bare) TryRead([]byte) (int, error) { return 0, net.ErrClosed }

// TryWrite is not to be called.
func (*Bare) TryWrite([]byte) (int, error) { return 0, net.ErrClosed }

// CloseWrite does nothing.
func (*Bare) CloseWrite() {}

// Attach is not to be called.
func (*Bare) Attach() (net.Conn, error) { return nil, net.ErrClosed }
