package gateway

import (
	"errors"
	"os"

	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/wire"
)

// writer is a session as the netio.Queue of its connection: the outbox, batch by batch. While the
// session is corked, and once its last frame is written, it counts as being written, so that
// nothing is. No lock is held while writing or while calling Done.Pushed.
type writer session

// unlockAndWrite is called with mu held.
func (s *session) unlockAndWrite() {
	if s.writing {
		s.mu.Unlock()

		return
	}
	s.writing = true
	s.beginWriting()
}

// beginWriting makes the caller the writer, after writing was set. Called with mu held.
func (s *session) beginWriting() {
	p := s.unlockWithPiece(false)
	netio.Combine((*writer)(s), p, false)
}

// Next implements netio.Queue. Done.Pushed is called before the session's queue shrinks, so that a
// push from within it leaves its frame to this writer.
func (w *writer) Next(n int, err error, mayWait bool) netio.Piece {
	s := (*session)(w)
	frames := 0
	if n > 0 {
		frames = s.out.head.advance(n)
		s.lastSent.Store(s.gw.now.Load())
		s.gw.count.bytesOut.Add(uint64(n))
		s.gw.count.framesOut.Add(uint64(frames))
	}
	s.mu.Lock()
	if n > 0 {
		s.wroteLocked(n, frames)
	}
	switch {
	case err != nil:
		s.mu.Unlock()
		if !s.writesOn(err, mayWait) {
			return netio.Piece{}
		}
		s.mu.Lock()
	case !mayWait && len(s.out.head.unwritten()) > 0:
		s.gw.count.stalls.Add(1)
	}

	return s.unlockWithPiece(mayWait)
}

// wroteLocked takes what was written out of the queue's count. Called with mu held.
func (s *session) wroteLocked(n, frames int) {
	s.out.remove(n, frames)
	if s.phase.Load() != closed { // abort has settled it
		s.gw.cfg.Memory.Settle(&s.memory, s.out.bytes)
	}
	if s.readHolds.Load()&holdOutbox != 0 && s.out.bytes <= s.gw.cfg.QueueBytes/4 && int(s.out.frames) <= s.gw.cfg.QueueFrames/4 {
		s.endReadHold(holdOutbox)
	}
}

// unlockWithPiece returns what is written next. If that is nothing, the caller is no longer the
// writer; of a session that is closing it is the last one. Called with mu held.
func (s *session) unlockWithPiece(mayWait bool) netio.Piece {
	b := s.out.hold()
	switch phase := s.phase.Load(); {
	case b != nil:
		p := netio.Piece{To: &s.conn, Bytes: b.unwritten()}
		if phase < closing { // closing has a deadline of its own
			p.Patience = 2 * s.gw.cfg.Heartbeat
		}
		s.mu.Unlock()

		return p
	case phase < closing:
		if mayWait {
			s.conn.Detach()
		}
		s.writing = false
		s.mu.Unlock()
	default:
		s.mu.Unlock()
		s.outboxDrained()
	}

	return netio.Piece{}
}

// Continue implements netio.Queue.
func (w *writer) Continue() {
	s := (*session)(w)
	s.mu.Lock()
	if s.phase.Load() == closed {
		b := s.out.letGo()
		s.mu.Unlock()
		b.fail()

		return
	}
	s.gw.routines.Add(1) // the reader is still there: see finish
	s.mu.Unlock()
	go func() {
		defer s.gw.routines.Done()
		s.mu.Lock()
		netio.Combine(w, s.unlockWithPiece(true), true)
	}()
}

// writesOn reports whether anything more can be written after an error. A client that accepts
// nothing for two heartbeats gets a goodbye.
func (s *session) writesOn(err error, mayWait bool) bool {
	if slow := mayWait && errors.Is(err, os.ErrDeadlineExceeded); slow {
		if s.conn.NonBlocking() {
			s.closeWith(wire.GoodbyeSlow, "took nothing for two heartbeats", CauseSlow)

			return true
		}
		s.closeWith(wire.GoodbyeSlow, "", CauseSlow) // TLS cannot go on after that
	}
	s.mu.Lock()
	b := s.out.letGo()
	s.mu.Unlock()
	b.fail()
	s.closeWith(0, "", CauseLost)
	s.abort()

	return false
}
