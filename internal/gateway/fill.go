package gateway

import (
	"crypto/tls"
	"net"

	"github.com/parley-dm/parley/internal/netio"
)

// A TCP connection without TLS is read and written with single system calls (package netio); once
// the session is open it is bare where the system has a loop for it: see rawconn.go. Over TLS, and
// where the system has no such calls, reads and writes block: reading waits with a few bytes of the
// session, and a goroutine does the writing.

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

// source is where a session's connection is read to.
type connBuffer session

// Space implements netio.Buffer.
func (s *connBuffer) Space() []byte { return s.input.space(s.gw.maxBody + maxFraming) }

// Release implements netio.Buffer.
func (s *connBuffer) Release() { s.input.shrink() }

// fillBlocking waits with a few bytes and takes a buffer when they are there.
func (s *session) fillBlocking() error {
	s.input.shrink()
	if s.input.chunk == nil {
		n, err := s.conn.Read(s.waitBuffer[:])
		if n == 0 {
			return err
		}
		s.received(copy(s.input.space(s.gw.maxBody+maxFraming), s.waitBuffer[:n]))

		return nil
	}
	n, err := s.conn.Read(s.input.space(s.gw.maxBody + maxFraming))
	if n == 0 {
		return err
	}
	s.received(n)

	return nil
}

func (s *session) received(n int) {
	s.input.commit(n)
	s.gw.count.bytesIn.Add(uint64(n))
}

// blockingWrite waits until the connection takes something of p.
func blockingWrite(conn net.Conn, sc *netio.Conn, p []byte) (int, error) {
	if !sc.Usable() {
		return conn.Write(p)
	}

	return sc.Write(p)
}

// direct tells whether the session's connection can be written to without waiting.
func (s *session) nonBlocking() bool { return s.raw.Held() || s.sock.Usable() }

func (s *session) tryWrite(p []byte) (int, error) {
	if s.raw.Held() {
		return s.raw.TryWrite(p)
	}

	return s.sock.TryWrite(p)
}

// bottom is the connection under TLS. Closing that one does not wait to say goodbye.
func underlying(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return t.NetConn()
	}

	return c
}
