//go:build !linux

package netio

import (
	"net"
)

// Loop is not supported on this system.
type Loop struct{}

// ReadHandler is called by a Loop. See the Linux version.
type ReadHandler interface{ OnReadable(hangup bool) }

// NewLoop returns nil: a nil Loop accepts no connection.
func NewLoop(BatchObserver) *Loop { return nil }

// Add returns false.
func (*Loop) Add(*RawConn, ReadHandler) bool { return false }

// Remove does nothing.
func (*Loop) Remove(*RawConn, ReadHandler) {}

// RecentlyBlocked returns false.
func (*Loop) RecentlyBlocked() bool { return false }

// Close does nothing.
func (*Loop) Close() {}

// RawConn is not supported on this system.
type RawConn struct{}

// Adopt returns false.
func (*RawConn) Adopt(net.Conn) bool { return false }

// Reset does nothing.
func (*RawConn) Reset() {}

// Held returns false.
func (*RawConn) Held() bool { return false }

// Close does nothing.
func (*RawConn) Close() {}

// TryRead returns net.ErrClosed.
func (*RawConn) TryRead([]byte) (int, error) { return 0, net.ErrClosed }

// TryWrite returns net.ErrClosed.
func (*RawConn) TryWrite([]byte) (int, error) { return 0, net.ErrClosed }

// CloseWrite does nothing.
func (*RawConn) CloseWrite() {}

// NetConn returns net.ErrClosed.
func (*RawConn) NetConn() (net.Conn, error) { return nil, net.ErrClosed }
