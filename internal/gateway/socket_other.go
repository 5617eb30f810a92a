//go:build !unix

package gateway

// Here reads and writes block: reading waits with a few bytes of the session, and a goroutine does the writing.

func (s *session) useRaw() {}

func (s *session) fill() error { return s.fillBlocking() }

func (s *session) tryWrite([]byte) (int, error) { return 0, nil }

func (s *session) waitWrite(p []byte) (int, error) {
	return s.conn.Write(p)
}
