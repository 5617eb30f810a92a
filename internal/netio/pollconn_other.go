//go:build !unix

package netio

import (
	"errors"
	"net"
)

// pollConn is not supported on this system.
type pollConn struct{}

func (*pollConn) use(net.Conn) bool { return false }

func (*pollConn) usable() bool { return false }

func (*pollConn) read(Buffer) (int, error) { return 0, errors.ErrUnsupported }

func (*pollConn) write([]byte, bool) (int, error) { return 0, errors.ErrUnsupported }
