package gateway

import (
	"encoding/binary"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/wire"
)

// A frame is encoded into the outbox, and written by the goroutine that made it or by one that
// writes already: see write.go.

const (
	noStatus = -1
	// maxFraming is the most bytes that a connection adds to a body.
	maxFraming = 16
)

// send queues a frame and has it written. The queue's bounds are multiplied by share.
func (s *session) send(f wire.Frame, status int, done sessions.Done, share int) error {
	n := maxFraming + wire.HeaderSize + len(f.Payload)
	s.mu.Lock()
	switch {
	case s.phase.Load() >= closing:
		s.mu.Unlock()

		return sessions.ErrClosed
	case !s.hasRoom(n, share):
		s.mu.Unlock()
		s.gw.count.busy.Add(1)

		return sessions.ErrBusy
	}
	b := s.out.batchFor(n)
	start := len(b.b)
	b.b = s.appendFrame(b.b, f, status)
	s.out.frameAdded(b, start, done)
	s.gw.cfg.Memory.Settle(&s.memory, s.out.bytes)
	if s.out.bytes > s.gw.cfg.QueueBytes/2 || int(s.out.frames) > s.gw.cfg.QueueFrames/2 {
		s.readHolds.Or(holdOutbox)
	}
	s.unlockAndWrite()

	return nil
}

// hasRoom reports whether a frame of n bytes fits into the outbox. Called with mu held.
func (s *session) hasRoom(n, share int) bool {
	cfg := &s.gw.cfg

	return s.out.hasRoom(n, share*cfg.QueueBytes, share*cfg.QueueFrames) && cfg.Memory.Allows(s.out.bytes+n)
}

// appendFrame encodes a frame for this transport. A status goes before the payload.
func (s *session) appendFrame(dst []byte, f wire.Frame, status int) []byte {
	n := wire.HeaderSize + len(f.Payload)
	if status != noStatus {
		n++
	}
	if s.via.websocket() {
		dst = appendWSHeader(dst, opBinary, n)
	} else {
		dst = binary.BigEndian.AppendUint32(dst, uint32(n))
	}
	payload := f.Payload
	f.Payload = nil
	dst = wire.AppendBody(dst, f)
	if status != noStatus {
		dst = append(dst, byte(status))
	}

	return append(dst, payload...)
}

// sendControl queues a WebSocket control frame. It drops one that does not fit, and one before the
// session is open: nothing is written then, and a client without a login must not fill a queue.
func (s *session) sendControl(op byte, payload []byte) {
	s.mu.Lock()
	if s.phase.Load() != open || !s.hasRoom(maxFraming+len(payload), 1) {
		s.mu.Unlock()

		return
	}
	s.queueControl(op, payload)
	s.unlockAndWrite()
}

// queueControl is called with mu held.
func (s *session) queueControl(op byte, payload []byte) {
	b := s.out.batchFor(maxFraming + len(payload))
	start := len(b.b)
	b.b = append(appendWSHeader(b.b, op, len(payload)), payload...)
	s.out.frameAdded(b, start, nil)
}
