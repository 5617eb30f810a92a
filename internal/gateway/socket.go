package gateway

import (
	"crypto/tls"
	"net"
)

// fillBlocking waits with a few bytes and takes a buffer when they are there.
func (s *session) fillBlocking() error {
	s.in.park()
	if s.in.c == nil {
		n, err := s.conn.Read(s.first[:])
		if n == 0 {
			return err
		}
		s.received(copy(s.in.space(s.gw.maxBody+maxFraming), s.first[:n]))

		return nil
	}
	n, err := s.conn.Read(s.in.space(s.gw.maxBody + maxFraming))
	if n == 0 {
		return err
	}
	s.received(n)

	return nil
}

func (s *session) received(n int) {
	s.in.arrived(n)
	s.gw.count.bytesIn.Add(uint64(n))
}

// bottom is the connection under TLS. Closing that one does not wait to say goodbye.
func bottom(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return t.NetConn()
	}

	return c
}
