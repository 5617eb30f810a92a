package client

import "github.com/parley-dm/parley/internal/netio"

// tryingStream is a TCP stream that writes without waiting.
type tryingStream struct {
	*stream

	sock netio.Conn
}

// tryStream has nothing to add where there is no way to write without waiting, such as over TLS: a
// goroutine writes.
func tryStream(s *stream) transport {
	t := &tryingStream{stream: s}
	t.sock.Init(s.nc)
	if !t.sock.NonBlocking() {
		return s
	}

	return t
}

// tryWrite leaves it to the next write, and to the reader, to see that the connection has failed.
func (t *tryingStream) tryWrite(frames []byte) int {
	n, _ := t.sock.TryWrite(frames)

	return n
}
