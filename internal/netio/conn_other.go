//go:build !unix

package netio

import (
	"errors"
	"net"
)

// Conn is not supported on this system.
type Conn struct{}

// Use returns false.
func (*Conn) Use(net.Conn) bool { return false }

// Usable returns false.
func (*Conn) Usable() bool { return false }

// Read returns errors.ErrUnsupported.
func (*Conn) Read(Buffer) (int, error) { return 0, errors.ErrUnsupported }

// TryWrite returns errors.ErrUnsupported.
func (*Conn) TryWrite([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Write returns errors.ErrUnsupported.
func (*Conn) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
