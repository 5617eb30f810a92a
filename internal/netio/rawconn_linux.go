package netio

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// RawConn is a TCP connection that Go's runtime knows nothing of: no poller looks at it, no call
// waits, nothing is kept for it but its descriptor. A [Loop] says when there is something to read;
// who has to wait for room to write asks for a net.Conn (Attach).
//
// The zero value holds nothing. It must not be copied. Methods are safe for use by several
// goroutines, but for Take, and two who read, or two who write, would mix up the stream.
type RawConn struct {
	fd int
	// users counts the calls under way. The descriptor is closed by the last of them once bareShut
	// is set: its number may be somebody else's right after.
	calls atomic.Int64
}

const (
	rawHeld    = 1 << 40 // there is a descriptor
	rawClosing = 1 << 41 // Close was called
	rawClosed  = 1 << 42 // the descriptor is closed
)

// Take makes b hold the connection, beside conn, which the caller should close: that ends what the
// runtime keeps of it. It returns false where this is not possible.
func (b *RawConn) Adopt(conn net.Conn) bool {
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

// Drop closes b's own descriptor of the connection, as if it had never been taken. Nobody may be
// using b.
func (b *RawConn) Reset() {
	b.Close()
	b.calls.Store(0)
}

// Held tells whether b holds a connection, open or closed.
func (b *RawConn) Held() bool { return b.calls.Load()&rawHeld != 0 }

func (b *RawConn) acquire() bool {
	if b.calls.Add(1)&(rawHeld|rawClosing) == rawHeld {
		return true
	}
	b.release()

	return false
}

func (b *RawConn) release() {
	if b.calls.Add(-1) == rawHeld|rawClosing {
		b.close()
	}
}

// close closes the descriptor, once.
func (b *RawConn) close() {
	if b.calls.CompareAndSwap(rawHeld|rawClosing, rawHeld|rawClosing|rawClosed) {
		_ = syscall.Close(b.fd)
	}
}

// Close closes the connection. It does not wait for calls under way, which do not wait either.
func (b *RawConn) Close() {
	if !b.Held() {
		return
	}
	if b.calls.Or(rawClosing) == rawHeld { // nobody is using it
		b.close()
	}
}

// TryRead reads what has arrived, once. At the end of the stream the error is io.EOF; n is 0
// without an error if nothing has arrived.
func (b *RawConn) TryRead(p []byte) (n int, err error) {
	if !b.acquire() {
		return 0, net.ErrClosed
	}
	defer b.release()
	for {
		n, err := syscall.Read(b.fd, p)
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

// TryWrite writes what the system takes at once, which may be nothing.
func (b *RawConn) TryWrite(p []byte) (n int, err error) {
	if !b.acquire() {
		return 0, net.ErrClosed
	}
	defer b.release()
	for {
		n, err := syscall.Write(b.fd, p)
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

// CloseWrite tells the other side that nothing more comes.
func (b *RawConn) CloseWrite() {
	if b.acquire() {
		_ = syscall.Shutdown(b.fd, syscall.SHUT_WR)
		b.release()
	}
}

// Attach returns the same connection as one that can wait. It is to be closed besides.
func (b *RawConn) NetConn() (net.Conn, error) {
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
