//go:build !unix

package netio

import (
	"errors"
	"net"
)

// Conn is of no use here.
type Conn struct{}

// Use returns false.
func (*Conn) Use(net.Conn) bool { return false }

// Usable returns false.
func (*Conn) Usable() bool { return false }

// Read is not to be called.
func (*Conn) Read(Buffer) (int, error) { return 0, errors.ErrUnsupported }

// TryWrite is not to be called.
func (*Conn) TryWrite([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Write is not to be called.
func (*Conn) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
