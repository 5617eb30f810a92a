package netio

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// rawConn is a TCP connection outside Go's runtime poller: only its file descriptor is kept, and no
// call waits. A [Loop] reports when it is readable; netConn gives a net.Conn for waiting until it
// is writable.
//
// The zero value holds no connection. It must not be copied. Methods are safe for use by several
// goroutines, except holdDuplicate and reset; concurrent reads, or concurrent writes, mix up the
// stream.
type rawConn struct {
	fd int
	// calls counts the calls under way, and holds the state bits. Once rawClosing is set, the last
	// call closes the descriptor: the system may reuse its number right after.
	calls atomic.Int64
}

const (
	rawHeld    = 1 << 40 // there is a descriptor
	rawClosing = 1 << 41 // close was called
	rawClosed  = 1 << 42 // the descriptor is closed
)

// holdDuplicate makes r hold a duplicate of conn's descriptor. The caller should close conn, which
// frees what the runtime keeps for it. It returns false if conn has no descriptor to duplicate. The
// duplicate of what is no *net.TCPConn has a number that is not below its own.
func (r *rawConn) holdDuplicate(conn net.Conn) bool {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	_, low := conn.(*net.TCPConn)
	fd := -1
	err = raw.Control(func(own uintptr) {
		if low {
			fd = duplicate(int(own), 0)
		} else {
			fd = duplicate(int(own), int(own))
		}
	})
	if err != nil || fd < 0 {
		return false
	}
	r.fd = fd
	r.calls.Store(rawHeld)

	return true
}

// duplicate returns another descriptor of the same socket, with a number from least on; -1: there
// is none.
func duplicate(fd, least int) int {
	twin, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, uintptr(least))
	if errno != 0 {
		return -1
	}

	return int(twin)
}

// reset closes r's own descriptor and makes r the zero value again. No other call may be under way.
func (r *rawConn) reset() {
	r.close()
	r.calls.Store(0)
}

// held tells whether r holds a connection, open or closed.
func (r *rawConn) held() bool { return r.calls.Load()&rawHeld != 0 }

func (r *rawConn) acquire() bool {
	if r.calls.Add(1)&(rawHeld|rawClosing) == rawHeld {
		return true
	}
	r.release()

	return false
}

func (r *rawConn) release() {
	if r.calls.Add(-1) == rawHeld|rawClosing {
		r.closeDescriptor()
	}
}

// closeDescriptor closes the descriptor, once.
func (r *rawConn) closeDescriptor() {
	if r.calls.CompareAndSwap(rawHeld|rawClosing, rawHeld|rawClosing|rawClosed) {
		_ = syscall.Close(r.fd)
	}
}

// close closes the connection. It does not wait for calls under way, none of which blocks.
func (r *rawConn) close() {
	if !r.held() {
		return
	}
	if r.calls.Or(rawClosing) == rawHeld { // no call is under way
		r.closeDescriptor()
	}
}

// tryRead reads once what has arrived. At the end of the stream the error is io.EOF; n is 0 without
// an error if nothing has arrived.
func (r *rawConn) tryRead(p []byte) (n int, err error) {
	if !r.acquire() {
		return 0, net.ErrClosed
	}
	defer r.release()
	for {
		n, errno := readNow(r.fd, p)
		switch errno {
		case 0:
			if n == 0 {
				return 0, io.EOF
			}

			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("read", errno)
		}
	}
}

// tryWrite writes what the system accepts without waiting, which may be nothing.
func (r *rawConn) tryWrite(p []byte) (n int, err error) {
	if !r.acquire() {
		return 0, net.ErrClosed
	}
	defer r.release()
	for {
		n, errno := writeNow(r.fd, p)
		switch errno {
		case 0:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("write", errno)
		}
	}
}

// closeWrite closes the sending side of the connection.
func (r *rawConn) closeWrite() {
	if r.acquire() {
		_ = syscall.Shutdown(r.fd, syscall.SHUT_WR)
		r.release()
	}
}

// netConn returns the same connection, with a descriptor of its own, as a net.Conn whose calls
// wait. The caller closes it, besides r.
func (r *rawConn) netConn() (net.Conn, error) {
	if !r.acquire() {
		return nil, net.ErrClosed
	}
	defer r.release()
	fd := duplicate(r.fd, 0)
	if fd < 0 {
		return nil, os.NewSyscallError("fcntl", syscall.EMFILE)
	}
	f := os.NewFile(uintptr(fd), "")
	defer func() { _ = f.Close() }()

	return net.FileConn(f)
}
