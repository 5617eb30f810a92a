//go:build unix

package gateway

import (
	"io"
	"net"
	"syscall"
)

// A TCP connection without TLS is read and written with system calls of our own: a buffer is needed only when there is
// something to read, and a write that would have to wait is seen before it waits.

// useRaw prepares that. The functions are made once: a method value made at each call would be an allocation.
func (s *session) useRaw() {
	c, ok := s.conn.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	s.raw, s.readFn, s.writeFn = raw, s.readSocket, s.writeSocket
}

// fill waits until something arrives and reads it.
func (s *session) fill() error {
	if s.raw == nil {
		return s.fillBlocking()
	}
	if err := s.raw.Read(s.readFn); err != nil {
		return err
	}

	return s.readErr
}

// readSocket reads once. False: wait until there is something.
func (s *session) readSocket(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), s.in.space(s.gw.maxBody+maxFraming))
		switch err {
		case nil:
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			s.in.park()

			return false
		default:
			s.readErr = err

			return true
		}
		if n == 0 {
			s.readErr = io.EOF

			return true
		}
		s.readErr = nil
		s.in.arrived(n)
		s.gw.count.bytesIn.Add(uint64(n))

		return true
	}
}

// tryWrite writes what the system takes at once.
func (s *session) tryWrite(p []byte) (int, error) { return s.writeRaw(p, false) }

// waitWrite waits until the system takes something of p.
func (s *session) waitWrite(p []byte) (int, error) {
	if s.raw == nil {
		return s.conn.Write(p)
	}

	return s.writeRaw(p, true)
}

func (s *session) writeRaw(p []byte, waits bool) (int, error) {
	s.outgoing, s.written, s.waits, s.writeErr = p, 0, waits, nil
	err := s.raw.Write(s.writeFn)
	s.outgoing = nil
	if err == nil {
		err = s.writeErr
	}

	return s.written, err
}

func (s *session) writeSocket(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), s.outgoing)
		switch err {
		case nil:
			s.written = n

			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return !s.waits
		default:
			s.writeErr = err

			return true
		}
	}
}
