//go:build !linux

package netio

import "net"

// Loop is not supported on this system.
type Loop struct{}

// ReadHandler is called by a Loop. See the Linux version.
type ReadHandler interface {
	OnReadable(hangup bool)
	OnTurn()
}

// newLoop returns nil: a nil Loop watches no connection.
func newLoop(int, BatchObserver) *Loop { return nil }

// Close does nothing.
func (*Loop) Close() {}

func (*Loop) add(*rawConn, ReadHandler) bool { return false }

func (*Loop) addLater(ReadHandler) bool { return false }

func (*Loop) remove(*rawConn, ReadHandler) {}

// rawConn is not supported on this system.
type rawConn struct{}

func (*rawConn) holdDuplicate(net.Conn) bool { return false }

func (*rawConn) reset() {}

func (*rawConn) held() bool { return false }

func (*rawConn) close() {}

func (*rawConn) tryRead([]byte) (int, error) { return 0, net.ErrClosed }

func (*rawConn) tryWrite([]byte) (int, error) { return 0, net.ErrClosed }

func (*rawConn) closeWrite() {}

func (*rawConn) netConn() (net.Conn, error) { return nil, net.ErrClosed }
