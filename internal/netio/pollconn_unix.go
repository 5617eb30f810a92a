//go:build unix

package netio

import (
	"io"
	"net"
	"syscall"
)

// pollConn does single system calls on the descriptor of a TCP connection that the runtime's poller
// watches. The zero value is not usable; it must not be copied after use.
type pollConn struct {
	raw syscall.RawConn

	// Owned by the goroutine that reads. The functions are made once: a method value made at each
	// call would be an allocation.
	readFn    func(fd uintptr) bool
	buffer    Buffer
	readBytes int
	readErr   error

	// Owned by the goroutine that writes.
	writeFn      func(fd uintptr) bool
	out          []byte
	writtenBytes int
	blocking     bool
	writeErr     error
}

// use takes a connection. It returns false if conn has no descriptor of its own.
func (c *pollConn) use(conn net.Conn) bool {
	socket, ok := conn.(syscall.Conn) // a *net.TCPConn, or what else has a descriptor of its own
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	c.raw, c.readFn, c.writeFn = raw, c.readSocket, c.writeSocket

	return true
}

// usable reports whether use has taken a connection.
func (c *pollConn) usable() bool { return c.raw != nil }

// read waits until something has arrived, and reads once. At the end of the stream the error is
// io.EOF; n is never 0 without an error.
func (c *pollConn) read(in Buffer) (n int, err error) {
	c.buffer, c.readBytes, c.readErr = in, 0, nil
	err = c.raw.Read(c.readFn)
	c.buffer = nil
	if err == nil {
		err = c.readErr
	}

	return c.readBytes, err
}

// readSocket reads once. It returns false to wait until the connection is readable.
func (c *pollConn) readSocket(fd uintptr) bool {
	for {
		n, errno := readNow(int(fd), c.buffer.Space())
		switch errno {
		case 0:
			if c.readBytes = n; n == 0 {
				c.readErr = io.EOF
			}

			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			c.buffer.Release()

			return false
		default:
			c.readErr = errno

			return true
		}
	}
}

// write writes what the system accepts. With mayWait, it waits until that is not nothing.
func (c *pollConn) write(p []byte, mayWait bool) (int, error) {
	c.out, c.writtenBytes, c.blocking, c.writeErr = p, 0, mayWait, nil
	err := c.raw.Write(c.writeFn)
	c.out = nil
	if err == nil {
		err = c.writeErr
	}

	return c.writtenBytes, err
}

func (c *pollConn) writeSocket(fd uintptr) bool {
	for {
		n, errno := writeNow(int(fd), c.out)
		switch errno {
		case 0:
			c.writtenBytes = n

			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return !c.blocking
		default:
			c.writeErr = errno

			return true
		}
	}
}
