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
// goroutines, except adopt and reset; concurrent reads, or concurrent writes, mix up the stream.
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

// adopt makes b hold a duplicate of conn's descriptor. The caller should close conn, which frees
// what the runtime keeps for it. It returns false if conn is no *net.TCPConn or has no descriptor
// to duplicate.
func (b *rawConn) adopt(conn net.Conn) bool {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	fd := -1
	if err := raw.Control(func(own uintptr) { fd = duplicate(int(own)) }); err != nil || fd < 0 {
		return false
	}
	b.fd = fd
	b.calls.Store(rawHeld)

	return true
}

func duplicate(fd int) int {
	twin, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if errno != 0 {
		return -1
	}

	return int(twin)
}

// reset closes b's own descriptor and makes b the zero value again. No other call may be under way.
func (b *rawConn) reset() {
	b.close()
	b.calls.Store(0)
}

// held tells whether b holds a connection, open or closed.
func (b *rawConn) held() bool { return b.calls.Load()&rawHeld != 0 }

func (b *rawConn) acquire() bool {
	if b.calls.Add(1)&(rawHeld|rawClosing) == rawHeld {
		return true
	}
	b.release()

	return false
}

func (b *rawConn) release() {
	if b.calls.Add(-1) == rawHeld|rawClosing {
		b.closeDescriptor()
	}
}

// closeDescriptor closes the descriptor, once.
func (b *rawConn) closeDescriptor() {
	if b.calls.CompareAndSwap(rawHeld|rawClosing, rawHeld|rawClosing|rawClosed) {
		_ = syscall.Close(b.fd)
	}
}

// close closes the connection. It does not wait for calls under way, none of which blocks.
func (b *rawConn) close() {
	if !b.held() {
		return
	}
	if b.calls.Or(rawClosing) == rawHeld { // no call is under way
		b.closeDescriptor()
	}
}

// tryRead reads once what has arrived. At the end of the stream the error is io.EOF; n is 0 without
// an error if nothing has arrived.
func (b *rawConn) tryRead(p []byte) (n int, err error) {
	if !b.acquire() {
		return 0, net.ErrClosed
	}
	defer b.release()
	for {
		n, err := readNow(b.fd, p)
		switch err {
		case nil:
			if n == 0 {
				return 0, io.EOF
			}

			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("read", err)
		}
	}
}

// tryWrite writes what the system accepts without waiting, which may be nothing.
func (b *rawConn) tryWrite(p []byte) (n int, err error) {
	if !b.acquire() {
		return 0, net.ErrClosed
	}
	defer b.release()
	for {
		n, err := writeNow(b.fd, p)
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("write", err)
		}
	}
}

// closeWrite closes the sending side of the connection.
func (b *rawConn) closeWrite() {
	if b.acquire() {
		_ = syscall.Shutdown(b.fd, syscall.SHUT_WR)
		b.release()
	}
}

// netConn returns the same connection, with a descriptor of its own, as a net.Conn whose calls
// wait. The caller closes it, besides b.
func (b *rawConn) netConn() (net.Conn, error) {
	if !b.acquire() {
		return nil, net.ErrClosed
	}
	defer b.release()
	fd := duplicate(b.fd)
	if fd < 0 {
		return nil, os.NewSyscallError("fcntl", syscall.EMFILE)
	}
	f := os.NewFile(uintptr(fd), "")
	defer func() { _ = f.Close() }()

	return net.FileConn(f)
}
