package gateway

import (
	"crypto/tls"
	"net"

	"github.com/parley-dm/parley/internal/netio"
)

// Without TLS, a TCP connection is read and written with single system calls (package netio), and
// moves to a loop once the session is open: see rawconn.go. With TLS, and where netio does not
// support the system, reads and writes block: the reader waits with a buffer of a few bytes, and a
// goroutine does the writing.

// fill waits until something arrives and reads it.
func (s *session) fill() error {
	if !s.sock.Usable() {
		return s.fillBlocking()
	}
	n, err := s.sock.Read((*connBuffer)(s))
	if err == nil {
		s.received(n)
	}

	return err
}

// connBuffer is a session as the netio.Buffer of its connection.
type connBuffer session

// Space implements netio.Buffer.
func (s *connBuffer) Space() []byte { return s.input.Space(s.gw.maxBody + maxFraming) }

// Release implements netio.Buffer.
func (s *connBuffer) Release() { s.input.Shrink() }

// fillBlocking waits with waitBuffer, and takes a chunk only when something has arrived.
func (s *session) fillBlocking() error {
	s.input.Shrink()
	if s.input.Empty() {
		n, err := s.conn.Read(s.waitBuffer[:])
		if n == 0 {
			return err
		}
		s.input.Append(s.waitBuffer[:n], s.gw.maxBody+maxFraming)
		s.countReceived(n)

		return nil
	}
	n, err := s.conn.Read(s.input.Space(s.gw.maxBody + maxFraming))
	if n == 0 {
		return err
	}
	s.received(n)

	return nil
}

func (s *session) received(n int) {
	s.input.Commit(n)
	s.countReceived(n)
}

func (s *session) countReceived(n int) {
	s.charge(0, n)
	s.gw.count.bytesIn.Add(uint64(n))
}

// blockingWrite waits until the connection accepts a part of p.
func blockingWrite(conn net.Conn, sc *netio.Conn, p []byte) (int, error) {
	if !sc.Usable() {
		return conn.Write(p)
	}

	return sc.Write(p)
}

// nonBlocking reports whether the session's connection can be written to without waiting.
func (s *session) nonBlocking() bool { return s.raw.Held() || s.sock.Usable() }

func (s *session) tryWrite(p []byte) (int, error) {
	if s.raw.Held() {
		return s.raw.TryWrite(p)
	}

	return s.sock.TryWrite(p)
}

// underlying is the connection under TLS, which closes without a TLS alert that might block.
func underlying(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return t.NetConn()
	}

	return c
}
