package gateway

import (
	"errors"
	"io"
	"net"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/wire"
)

// errSessionClosed: the session has ended while a frame was read.
var errSessionClosed = errors.New("gateway: the session has ended")

// read is the reader of an open session without a loop: a goroutine with a small stack. A handler
// makes the stack grow, and it shrinks only partly, so a client that returns from requests to
// heartbeats gets a fresh goroutine.
func (s *session) read() {
	grown := false
	for {
		s.waitWhilePaused(nil)
		switch s.handleArrived(false) {
		case allHandled:
		case pausedByNode:
			continue
		case turnOver:
			s.yield(false)

			continue
		case sessionClosed, handedOff:
			s.finish(false)

			return
		}
		if grown && !s.handledRequest {
			go s.read()

			return
		}
		grown = grown || s.handledRequest
		if !s.waitReadable() {
			return
		}
	}
}

// waitReadable waits until something has arrived. If it returns false, the session has ended.
func (s *session) waitReadable() bool {
	s.waitUntilReadable()
	if _, err := s.fill(); err != nil {
		s.waitWhilePaused(nil)
		s.readFailed(err)
		s.finish(errors.Is(err, io.EOF))

		return false
	}
	s.lastHeard.Store(s.gw.now.Load())

	return true
}

// readFailed ends a session after a read error. If the session is closing, that was the cause.
func (s *session) readFailed(err error) {
	switch {
	case errors.Is(err, io.EOF):
		s.closeWith(0, "", CauseLeft)
	case isTimeout(err): // only a hello has a deadline
		s.closeWith(0, "", CauseNoHello)
	default:
		s.closeWith(0, "", CauseLost)
		s.abort()
	}
}

func isTimeout(err error) bool {
	var ne net.Error

	return errors.As(err, &ne) && ne.Timeout()
}

// readOutcome is why handleArrived returned.
type readOutcome uint8

const (
	allHandled    readOutcome = iota // all that has arrived is handled
	sessionClosed                    // the session has ended
	handedOff                        // another goroutine is the reader
	pausedByNode                     // clients are paused
	turnOver                         // it is the turn of other sessions
)

// handleArrived handles the frames that have arrived. On the loop's goroutine it hands a frame that
// may block to another goroutine.
func (s *session) handleArrived(onLoop bool) readOutcome {
	s.handledRequest = false
	frames := uint64(0)
	defer func() { s.gw.count.framesIn.Add(frames) }()
	for s.phase.Load() == open {
		if frames == maxFrames {
			return turnOver
		}
		if s.gw.clientPause.active.Load() {
			return pausedByNode
		}
		body, err := s.nextBody()
		if err != nil {
			s.closeOnError(err)

			return sessionClosed
		}
		if body == nil {
			return allHandled
		}
		f, err := wire.ParseBody(body)
		if err != nil {
			s.protocolError(err.Error())

			return sessionClosed
		}
		frames++
		if onLoop && s.mayBlock(f) {
			go s.resumeAsync(f)

			return handedOff
		}
		s.handle(f)
		if !s.mustWait() {
			continue
		}
		if onLoop {
			go s.resumeWhenReadable()

			return handedOff
		}
		s.waitUntilReadable()
	}

	return sessionClosed
}

// nextBody returns the next body that has arrived, nil if none is complete. It stays valid until
// the next fill.
func (s *session) nextBody() ([]byte, error) {
	if s.via.websocket() {
		return s.nextMessage()
	}
	body, n, err := wire.Split(s.input.Bytes(), s.bodyLimit())
	s.input.Consume(n)
	if body != nil {
		s.charge(1, 0)
	}

	return body, err
}

// closeOnError ends the session for an error of nextBody.
func (s *session) closeOnError(err error) {
	if !errors.Is(err, errSessionClosed) {
		s.protocolError(err.Error())
	}
}

func (s *session) protocolError(text string) {
	s.closeWith(wire.GoodbyeProtocol, text, CauseProtocol)
}

// handle handles a frame after the hello.
func (s *session) handle(f wire.Frame) {
	switch f.Kind {
	case wire.KindRequest:
		s.dispatch(f)
	case wire.KindPing:
		_ = s.send(wire.Frame{Kind: wire.KindPong, ID: f.ID}, noStatus, nil, 1) // a client that does not read has no use for it
	case wire.KindPong:
		s.answered()
	case wire.KindGoodbye:
		s.closeWith(0, "", CauseLeft)
	case wire.KindHello:
		s.protocolError("a second hello")
	case wire.KindWelcome, wire.KindResponse, wire.KindPush:
		s.protocolError("only servers send a " + f.Kind.String())
	}
}

// dispatch runs a request. The order of readerBusy and phase matters: either closeWith sees that
// the reader is in a handler, or the reader sees that the session is closing.
func (s *session) dispatch(f wire.Frame) {
	s.handledRequest = true
	s.readerBusy.Store(true)
	if s.phase.Load() == open {
		s.gw.router.Dispatch(&s.queue, command.Request{User: s.user, ID: f.ID, Ver: f.Ver, Cmd: f.Cmd, Payload: f.Payload})
	}
	s.lastHeard.Store(s.gw.now.Load())
	s.readerBusy.Store(false)
}
