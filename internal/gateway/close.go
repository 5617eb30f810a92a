package gateway

import (
	"time"

	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// Closing a session. It can begin on any goroutine, at any moment; the first call of closeWith
// decides the goodbye.
//
//	closeWith ─▶ goodbye queued ─▶ written ─▶ closeWrite ─▶ the client closes ─▶ abort
//	  │                                                       (or lingerTimeout) ─▲
//	  └──▶ the reader stops ─▶ Host.Leave, once ─▶ discardInput ──────────────────┘
//
// Input must be read to its end: closing a connection with unread bytes resets it, and the client
// would lose the goodbye.

const (
	// lingerTimeout bounds the time from the goodbye to the end of the connection.
	lingerTimeout = 2 * time.Second
	// leaveDelay is how long Host.Leave waits for a handler that is running.
	leaveDelay = 500 * time.Millisecond
)

// pastDeadline is a deadline in the past: setting it wakes a blocked reader.
var pastDeadline = time.Unix(1, 0)

func causeOf(g wire.Goodbye) Cause {
	switch g {
	case wire.GoodbyeStopping:
		return CauseStopping
	case wire.GoodbyeHeartbeat:
		return CauseHeartbeat
	case wire.GoodbyeSlow:
		return CauseSlow
	case wire.GoodbyeBadToken:
		return CauseBadToken
	case wire.GoodbyeReplaced:
		return CauseReplaced
	case wire.GoodbyeProtocol:
		return CauseProtocol
	case wire.GoodbyeRemoved:
		return CauseRemoved
	case wire.GoodbyeLeaving:
	}

	return CauseOther
}

// closeWith begins to close the session, unless that has begun. Code 0 sends no goodbye. It does
// not block.
func (s *session) closeWith(code wire.Goodbye, text string, cause Cause) {
	s.mu.Lock()
	was := s.phase.Load()
	if was >= closing {
		s.mu.Unlock()

		return
	}
	s.code = code
	e := &closeState{deadline: time.Now().Add(lingerTimeout), drained: make(chan struct{})}
	s.gw.routines.Add(1) // the reader is still there
	e.abortTimer = time.AfterFunc(lingerTimeout, func() {
		defer s.gw.routines.Done()
		s.abort()
	})
	s.closeState = e
	s.phase.Store(closing)
	if s.readerBusy.Load() { // the reader is in a handler, which may never return
		s.gw.routines.Add(1)
		e.leaveTimer = time.AfterFunc(leaveDelay, func() {
			defer s.gw.routines.Done()
			s.notifyLeave()
		})
	}
	var dropped *writeBatch
	if was < open || code == wire.GoodbyeSlow || cause == CauseLost {
		dropped = s.out.drop()
		s.gw.cfg.Memory.Settle(&s.memory, s.out.bytes)
	}
	s.queueGoodbye(code, text)
	idle := was < open || !s.writing
	s.writing = true
	s.resume()
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()

	s.countEnd(was, cause)
	if was == open {
		s.logEnd(s.user, cause)
	}
	dropped.fail()
	if idle {
		s.mu.Lock()
		s.beginWriting()
	}
	switch {
	case !s.conn.Watched():
		s.conn.SetReadDeadline(pastDeadline) // the reader stops
	case s.turn.Begin(), s.turn.Resume(): // without a reader; a reader sees the phase
		go s.finish(false)
	}
}

// queueGoodbye is called with mu held. The goodbye is the last frame, and exempt from the queue's
// bounds.
func (s *session) queueGoodbye(code wire.Goodbye, text string) {
	if code != 0 {
		s.gw.count.goodbye(code)
		text = text[:min(len(text), s.gw.cfg.MaxMessage)]
		f := wire.Frame{Kind: wire.KindGoodbye, Cmd: uint16(code), Payload: []byte(text)}
		b := s.out.batchFor(maxFraming + wire.HeaderSize + len(text))
		start := len(b.b)
		b.b = s.appendFrame(b.b, f, noStatus)
		s.out.frameAdded(b, start, nil)
	}
	if s.via.websocket() {
		status := closeStatus(code)
		s.queueControl(opClose, []byte{byte(status >> 8), byte(status)})
	}
}

func (s *session) countEnd(was uint32, cause Cause) {
	c := &s.gw.count
	c.ended[cause].Add(1)
	switch was {
	case hello:
		c.pending.Add(-1)
	case open:
		c.left(s.via)
	}
}

// outboxDrained is called by the writer when the session is closing and the outbox is empty. It
// keeps the writer's role, so nothing is written after it.
func (s *session) outboxDrained() {
	s.closeWrite()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.flushed && s.phase.Load() != closed {
		s.flushed = true
		close(s.closeState.drained)
	}
}

// closeWrite closes the sending side. Over TLS that is a record of its own and may block: only a
// goroutine that waits does it there, and none runs without a goodbye.
func (s *session) closeWrite() {
	if s.conn.NonBlocking() || s.code != 0 {
		s.conn.CloseWrite()
	}
}

// abort closes the connection at once. It may be called any number of times, once closeWith was.
func (s *session) abort() {
	s.mu.Lock()
	if s.phase.Load() != closing {
		s.mu.Unlock()

		return
	}
	s.phase.Store(closed)
	if s.closeState.abortTimer.Stop() {
		s.gw.routines.Done()
	}
	if !s.flushed {
		close(s.closeState.drained)
	}
	dropped := s.out.drop()
	s.gw.cfg.Memory.Settle(&s.memory, 0) // what a writer has in its hands still goes
	at := s.place
	s.place = outside
	s.mu.Unlock()

	dropped.fail()
	defer s.gw.door.leave(s.address, at) // once the descriptor is closed
	s.conn.Close()
	s.gw.wheel.remove(s)
}

// notifyLeave calls Host.Leave for the session of an admitted user, once.
func (s *session) notifyLeave() {
	s.mu.Lock()
	due := s.admitted
	s.admitted = false
	why := reasonOf(s.code)
	s.mu.Unlock()
	if due {
		s.gw.host.Leave(s.user, why)
	}
}

// finish is the last step of the reader, and so of the session: the reader is the last goroutine
// that may start others.
func (s *session) finish(eof bool) {
	s.input.Free() // many sessions may end at once, and linger
	s.dropFragment()
	s.mu.Lock()
	e := s.closeState
	s.mu.Unlock()
	if e.leaveTimer != nil && e.leaveTimer.Stop() {
		s.gw.routines.Done()
	}
	s.notifyLeave()
	if !eof {
		s.discardInput(e.deadline)
	}
	<-e.drained
	s.abort()
	s.input.Free()
	s.gw.routines.Done()
}

// A client that has been closed is read for the sake of its goodbye, which a reset would take away.
// Beyond freeDiscard bytes it is read a chunk each discardPause: floods go on after their goodbye.
const (
	freeDiscard  = 4 << 20
	discardPause = 20 * time.Millisecond
)

// discardInput reads until the client closes or the deadline passes.
func (s *session) discardInput(until time.Time) {
	s.input.Free()
	for sum := 0; ; {
		n, err := s.conn.ReadUntil((*buffer)(s), until)
		s.received(n)
		s.input.Free()
		if sum += n; sum > freeDiscard {
			time.Sleep(discardPause)
		}
		if err != nil && (!isTimeout(err) || !time.Now().Before(until)) {
			return
		}
	}
}

// reasonOf is why a session ended with this goodbye of the server; 0 is none.
func reasonOf(code wire.Goodbye) user.Reason {
	switch code {
	case wire.GoodbyeReplaced:
		return user.Replaced
	case wire.GoodbyeRemoved:
		return user.Removed
	case wire.GoodbyeStopping:
		return user.Stopping
	default:
		return user.Left
	}
}
