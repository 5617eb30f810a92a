package gateway

import "github.com/parley-dm/parley/internal/netio"

// buffer is a session as the netio.Buffer of its connection.
type buffer session

// Space implements netio.Buffer.
func (s *buffer) Space() []byte { return s.input.Space(s.gw.maxBody + maxFraming) }

// Release implements netio.Buffer.
func (s *buffer) Release() (empty bool) {
	(*session)(s).shrinkInput()

	return s.input.Empty()
}

var _ netio.Buffer = (*buffer)(nil)

// fill waits until something arrives and reads it.
func (s *session) fill() (n int, err error) {
	n, err = s.conn.Read((*buffer)(s))
	if n == 0 {
		return 0, err
	}
	s.received(n) // an error comes again

	return n, nil
}

// received counts the n bytes that were read into the buffer.
func (s *session) received(n int) {
	s.input.Commit(n)
	s.countReceived(n)
}

func (s *session) countReceived(n int) {
	s.charge(0, max(n, leastRead))
	s.gw.count.bytesIn.Add(uint64(n))
}
