//go:build unix

package client

import (
	"net"
	"syscall"
)

// tryingStream is a TCP stream that writes without waiting.
type tryingStream struct {
	*stream

	raw syscall.RawConn
	// Of the call under way. The outbox lets in one writer at a time.
	frames  []byte
	wrote   int
	attempt func(fd uintptr) bool // one value for all calls, so that none allocates
}

func tryStream(s *stream, tcp *net.TCPConn) transport {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return s
	}
	t := &tryingStream{stream: s, raw: raw}
	t.attempt = t.once

	return t
}

func (t *tryingStream) tryWrite(frames []byte) int {
	t.frames, t.wrote = frames, 0
	_ = t.raw.Write(t.attempt) // fails when the connection is closed: nothing is written then
	t.frames = nil

	return t.wrote
}

// once is done after one system call, whatever it took: it never waits for room.
func (t *tryingStream) once(fd uintptr) bool {
	if n, err := syscall.Write(int(fd), t.frames); err == nil {
		t.wrote = n
	}

	return true
}
