package gateway

import (
	"errors"
	"io"
	"runtime"

	"github.com/parley-dm/parley/wire"
)

// Reading on a loop. A watched session is open, and a loop watches its connection: no goroutine
// waits for it. When bytes arrive, the loop's goroutine becomes its reader: it reads them with one
// call and handles them. A frame whose handling may block goes to another goroutine, which is the
// reader until nothing more has arrived.
//
// The reader is the one of the session's netio.Turns: a loop reports arriving bytes once, so a
// reader ends only after a read that took all there was. While clients are paused it is suspended.
// The goroutine that closes a session becomes its reader too, if the session has none, and finishes
// it.

const (
	// maxReads bounds the read calls for one session in a row, maxFrames the frames that are
	// handled: then other sessions have their turn. Many sessions may have much at one moment, and
	// an honest one waits for a turn of each.
	maxReads  = 1
	maxFrames = 64
)

// moveToLoop moves the connection to a loop, where that is supported. Called with mu held by the
// reader, just before the session is open and before the first write.
func (s *session) moveToLoop() {
	if !s.conn.NonBlocking() {
		return
	}
	s.turn.Begin()
	s.conn.Watch(s.gw.cfg.Loops.Next(), s)
}

// OnReadable implements netio.ReadHandler.
func (s *session) OnReadable(hangup bool) {
	if hangup {
		s.hangup.Store(true)
	}
	if s.turn.Begin() {
		s.readWatched(true)
	}
}

// OnTurn implements netio.ReadHandler.
func (s *session) OnTurn() { s.readWatched(true) }

// yield lets other sessions have their turn. It returns true if another goroutine is the reader
// from then on.
func (s *session) yield(onLoop bool) (handed bool) {
	if onLoop && s.conn.Later() {
		return true
	}
	runtime.Gosched()

	return false
}

// readWatched reads and handles until nothing more has arrived. The caller is the reader.
func (s *session) readWatched(onLoop bool) {
	more := true // there may be bytes to read
	for reads := 0; ; {
		if s.mustPause() {
			if s.pauseWatched() {
				return
			}
			more = true // what arrived during the pause was not reported
		}
		switch s.handleArrived(onLoop) {
		case allHandled:
		case pausedByNode:
			continue
		case sessionClosed:
			s.finishWatched(onLoop, false)

			return
		case handedOff:
			return
		case turnOver:
			if s.yield(onLoop) {
				return
			}

			continue
		}
		if !more && s.releaseReader() {
			return
		}
		if s.awaitReadable(onLoop) {
			return
		}
		if reads == maxReads {
			if s.yield(onLoop) {
				return
			}
			reads = 0
		}
		reads++
		var alive bool
		if more, alive = s.readOnce(onLoop); !alive {
			return
		}
	}
}

// awaitReadable waits until the client may be read from. It returns true if another goroutine does,
// and is the reader from then on.
func (s *session) awaitReadable(onLoop bool) (handed bool) {
	switch {
	case !s.mustWait():
	case onLoop:
		go s.resumeWhenReadable()

		return true
	default:
		s.waitUntilReadable()
	}

	return false
}

// readOnce reads once. It returns false if the session has ended.
func (s *session) readOnce(onLoop bool) (more, alive bool) {
	more, err := s.fillWatched()
	switch {
	case err == nil:
		return more, true
	case s.gw.clientsPaused(): // the end of the stream can be read again
		return true, true
	}
	s.readFailed(err)
	s.finishWatched(onLoop, errors.Is(err, io.EOF))

	return false, false
}

// mustPause reports whether the reader of a watched session has to stop because clients are paused.
// It calls Config.Running only if there is something to handle.
func (s *session) mustPause() bool {
	return s.gw.clientPause.active.Load() || len(s.input.Bytes()) > 0 && s.gw.clientsPaused()
}

// fillWatched reads once. It returns true if there may be more to read, which the loop does not
// report again.
func (s *session) fillWatched() (more bool, err error) {
	space := s.input.Space(s.gw.maxBody + maxFraming)
	n, err := s.conn.TryRead(space)
	if err != nil {
		return false, err
	}
	if n > 0 {
		s.received(n)
		s.lastHeard.Store(s.gw.now.Load())
	}

	return n == len(space) || n > 0 && s.hangup.Load(), nil
}

// releaseReader ends the reader's turn. It returns false if more has arrived meanwhile: the caller
// is still the reader.
func (s *session) releaseReader() bool {
	s.input.Shrink()
	if !s.turn.End() {
		return false
	}
	if s.phase.Load() >= closing && s.turn.Begin() { // it had its turn when the close began
		go s.finish(false)
	}

	return true
}

// finishWatched calls finish, and never blocks the loop's goroutine.
func (s *session) finishWatched(onLoop, eof bool) {
	if onLoop { // finish blocks
		go s.finish(eof)

		return
	}
	s.finish(eof)
}

// mayBlock reports whether handling a frame may block: handlers of the program may.
func (s *session) mayBlock(f wire.Frame) bool {
	return f.Kind == wire.KindRequest && !s.gw.router.Quick(f.Ver, f.Cmd)
}

// resumeAsync continues as the reader, in a goroutine of its own, with a frame that may block.
func (s *session) resumeAsync(f wire.Frame) {
	s.waitWhilePaused(nil)
	s.handle(f)
	s.resumeWhenReadable()
}

// resumeWhenReadable continues as the reader, in a goroutine of its own, once the client may be
// read from.
func (s *session) resumeWhenReadable() {
	s.waitUntilReadable()
	s.readWatched(false)
}
