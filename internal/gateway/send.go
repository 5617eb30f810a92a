package gateway

import (
	"encoding/binary"
	"os"

	"github.com/parley-dm/parley/internal/sessions"

	"errors"

	"github.com/parley-dm/parley/wire"
)

// Writing. A goroutine with a frame appends it to the outbox. If the session has no writer, the
// goroutine becomes the writer, and writes without waiting until the outbox is empty. Frames that
// come meanwhile are written by the same writer (combining): under load one call carries many
// frames, without load the goroutine that made a frame writes it at once. What the operating system
// does not accept goes to a drain goroutine, which lives until the outbox is empty.
//
//	Push ─▶ outbox ─▶ writer: try ──accepted──▶ Pushed(nil), next batch, ... empty: no writer
//	                            └─not all─────▶ drain goroutine: wait, write, ...
//
// No lock is held while writing or while calling Done.Pushed.

const (
	noStatus = -1
	// maxCombinedBatches is how many batches a pusher writes before a drain goroutine continues.
	maxCombinedBatches = 16
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
	if s.out.bytes > s.gw.cfg.QueueBytes/2 || s.out.frames > s.gw.cfg.QueueFrames/2 {
		s.waits.Or(waitOutbox)
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

// unlockAndWrite is called with mu held.
func (s *session) unlockAndWrite() {
	if s.writing {
		s.mu.Unlock()

		return
	}
	s.writing = true
	b := s.out.pop()
	s.mu.Unlock()
	s.write(b)
}

// write writes batches until the outbox is empty. It never blocks. Called by the writer.
func (s *session) write(b *writeBatch) {
	for batches := 0; b != nil; batches++ {
		if !s.conn.NonBlocking() || batches == maxCombinedBatches {
			s.startDrain(b)

			return
		}
		n, err := s.conn.TryWrite(b.unwritten())
		if n > 0 {
			s.advance(b, n)
		}
		switch {
		case err != nil:
			s.writeFailed(b)

			return
		case len(b.unwritten()) > 0:
			s.gw.count.stalls.Add(1)
			s.startDrain(b)

			return
		}
		b.recycle()
		b = s.nextBatch(false)
	}
}

// advance counts n bytes of the batch as written. Done.Pushed is called before the session's queue
// shrinks, so that a push from within it leaves its frame to this writer.
func (s *session) advance(b *writeBatch, n int) {
	frames := b.advance(n)
	s.lastSent.Store(s.gw.now.Load())
	c := &s.gw.count
	c.bytesOut.Add(uint64(n))
	c.framesOut.Add(uint64(frames))

	s.mu.Lock()
	s.out.remove(n, frames)
	if s.phase.Load() != closed { // abort has settled it
		s.gw.cfg.Memory.Settle(&s.memory, s.out.bytes)
	}
	if s.waits.Load()&waitOutbox != 0 && s.out.bytes <= s.gw.cfg.QueueBytes/4 && s.out.frames <= s.gw.cfg.QueueFrames/4 {
		s.endWait(waitOutbox)
	}
	s.mu.Unlock()
}

// nextBatch returns the writer's next batch. If it returns nil, the caller is no longer the writer.
func (s *session) nextBatch(drains bool) *writeBatch {
	s.mu.Lock()
	b := s.out.pop()
	if b != nil {
		s.mu.Unlock()

		return b
	}
	if s.phase.Load() < closing {
		if drains {
			s.conn.Detach()
		}
		s.writing = false
		s.mu.Unlock()

		return nil
	}
	s.mu.Unlock()
	s.outboxDrained()

	return nil
}

// startDrain continues with the batch in a drain goroutine.
func (s *session) startDrain(b *writeBatch) {
	s.mu.Lock()
	if s.phase.Load() == closed {
		s.mu.Unlock()
		b.fail()

		return
	}
	s.gw.routines.Add(1) // the reader is still there: see finish
	s.mu.Unlock()
	go s.drain(b)
}

// drain writes what the connection did not accept at once. It closes the session of a client that
// accepts nothing for two heartbeats.
func (s *session) drain(b *writeBatch) {
	defer s.gw.routines.Done()
	for b != nil {
		patience := 2 * s.gw.cfg.Heartbeat
		if s.phase.Load() >= closing { // closing has a deadline of its own
			patience = 0
		}
		n, err := s.conn.Write(b.unwritten(), patience)
		if n > 0 {
			s.advance(b, n)
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded) && s.conn.NonBlocking():
			s.closeWith(wire.GoodbyeSlow, "took nothing for two heartbeats", CauseSlow)
		case errors.Is(err, os.ErrDeadlineExceeded): // TLS cannot go on after that
			s.closeWith(wire.GoodbyeSlow, "", CauseSlow)
			s.writeFailed(b)

			return
		default:
			s.writeFailed(b)

			return
		}
		if len(b.unwritten()) == 0 {
			b.recycle()
			b = s.nextBatch(true)
		}
	}
}

// writeFailed ends a session whose connection is broken.
func (s *session) writeFailed(b *writeBatch) {
	b.fail()
	s.closeWith(0, "", CauseLost)
	s.abort()
}
