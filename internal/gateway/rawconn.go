package gateway

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/wire"
)

// Reading on a loop. A raw session is open, and a loop watches its RawConn: no goroutine waits for
// it. When bytes arrive, the loop's goroutine becomes its reader: it reads them with one call and
// handles them. A frame whose handling may block goes to another goroutine, which is the reader
// until nothing more has arrived.
//
//	        arrives             all handled
//	idle ─────────▶ active ───────────────────▶ idle
//	                  │  ▲  arrives meanwhile
//	                  ▼  │
//	                rearmed        clients paused: active ─▶ paused ─▶ active, by ResumeClients
//
// The loop is edge-triggered: it reports arriving bytes once. A reader becomes idle only after a
// read that took all there was; "rearmed" makes it read again first. The goroutine that closes a
// session becomes its reader too, if the session has none, and finishes it.
const (
	readerIdle    uint32 = iota // no goroutine reads
	readerActive                // a goroutine reads
	readerRearmed               // active, and more has arrived since
	readerPaused                // clients are paused: ResumeClients, or the end of the session, makes it active
)

// loops watch a gateway's raw connections: one loop for each processor, at most eight, made for the
// first connection.
type loops struct {
	once    sync.Once
	all     []*netio.Loop
	counter atomic.Uint32
}

func (l *loops) next(observer BatchObserver) *netio.Loop {
	l.once.Do(func() {
		const most = 8
		for range min(runtime.GOMAXPROCS(0), most) {
			l.all = append(l.all, netio.NewLoop(observer))
		}
	})
	if l.all == nil { // closed
		return nil
	}

	return l.all[int(l.counter.Add(1))%len(l.all)]
}

// close ends the loops, after the last session has ended.
func (l *loops) close() {
	l.once.Do(func() {})
	for _, one := range l.all {
		one.Close()
	}
}

// maxReadsOnLoop bounds the read calls for one session in a row on the loop's goroutine.
const maxReadsOnLoop = 4

// noDescriptorRetry is the polling interval of a goroutine that has to wait and has no descriptor
// for the runtime's poller.
const noDescriptorRetry = 50 * time.Millisecond

// moveToLoop moves the connection to a loop, where the system has one, and returns the net.Conn
// that the caller must close, nil if nothing moved. Called with mu held by the reader, just before
// the session is open and before the first write; the reader becomes active.
func (s *session) moveToLoop() (replaced net.Conn) {
	if !s.sock.Usable() || !s.raw.Adopt(s.conn) {
		return nil
	}
	s.reader.Store(readerActive)
	s.loop = s.gw.loops.next(s.gw.cfg.Batch)
	if !s.loop.Add(&s.raw, s) {
		s.raw.Reset()

		return nil
	}
	replaced, s.conn, s.sock = s.conn, nil, nil

	return replaced
}

// OnReadable implements netio.ReadHandler.
func (s *session) OnReadable(hangup bool) {
	if hangup {
		s.hangup.Store(true)
	}
	for {
		switch s.reader.Load() {
		case readerIdle:
			if s.reader.CompareAndSwap(readerIdle, readerActive) {
				s.readRaw(true)

				return
			}
		case readerActive:
			if s.reader.CompareAndSwap(readerActive, readerRearmed) {
				return
			}
		default:
			return
		}
	}
}

// readRaw reads and handles until nothing more has arrived. The caller is the active reader.
func (s *session) readRaw(onLoop bool) {
	more := true // there may be bytes to read
	for reads := 0; ; {
		if s.mustPause() {
			if s.pauseRaw() {
				return
			}
			more = true // what arrived during the pause was not reported
		}
		switch s.handleArrived(onLoop) {
		case allHandled:
		case pausedByNode:
			continue
		case sessionClosed:
			s.finishRaw(onLoop, false)

			return
		case handedOff:
			return
		}
		if !more && s.releaseReader() {
			return
		}
		if s.mustWait() {
			if onLoop {
				go s.resumeWhenReadable()

				return
			}
			s.waitUntilReadable()
		}
		if onLoop && reads == maxReadsOnLoop { // let the loop serve its other connections
			go s.readRaw(false)

			return
		}
		reads++
		var err error
		if more, err = s.fillRaw(); err != nil {
			if s.gw.clientsPaused() { // the end of the stream can be read again
				continue
			}
			s.readFailed(err)
			s.finishRaw(onLoop, errors.Is(err, io.EOF))

			return
		}
	}
}

// mustPause reports whether the reader of a raw session has to stop because clients are paused. It
// calls Config.Running only if there is something to handle.
func (s *session) mustPause() bool {
	return s.gw.clientPause.active.Load() || len(s.input.Bytes()) > 0 && s.gw.clientsPaused()
}

// fillRaw reads once. It returns true if there may be more to read, which the loop does not report
// again.
func (s *session) fillRaw() (more bool, err error) {
	space := s.input.Space(s.gw.maxBody + maxFraming)
	n, err := s.raw.TryRead(space)
	if err != nil {
		return false, err
	}
	if n > 0 {
		s.received(n)
		s.lastHeard.Store(s.gw.now.Load())
	}

	return n == len(space) || n > 0 && s.hangup.Load(), nil
}

// releaseReader makes the reader idle. It returns false if more has arrived meanwhile: the caller
// is still the active reader.
func (s *session) releaseReader() bool {
	s.input.Shrink()
	if !s.reader.CompareAndSwap(readerActive, readerIdle) {
		s.reader.Store(readerActive)

		return false
	}
	if s.phase.Load() >= closing && s.reader.CompareAndSwap(readerIdle, readerActive) { // it was active when the close began
		go s.finish(false)
	}

	return true
}

// finishRaw calls finish, and never blocks the loop's goroutine.
func (s *session) finishRaw(onLoop, eof bool) {
	if onLoop { // finish blocks
		go s.finish(eof)

		return
	}
	s.finish(eof)
}

// mayBlock reports whether handling a frame may block: handlers of the program may, and so may
// Parley's own commands while the loop was blocked recently.
func (s *session) mayBlock(f wire.Frame) bool {
	return f.Kind == wire.KindRequest && (s.loop.RecentlyBlocked() || !s.gw.router.Quick(f.Ver, f.Cmd))
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
	s.readRaw(false)
}

// attachBlocking returns the connection in a form whose calls wait. It returns nil if no descriptor
// is left, or the connection is closed. That of a raw session exists until detachBlocking, or its
// end.
func (s *session) attachBlocking() (net.Conn, *netio.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil && s.phase.Load() != closed {
		conn, err := s.raw.NetConn()
		if err != nil {
			return nil, nil
		}
		s.conn, s.sock = conn, new(netio.Conn)
		s.sock.Use(conn)
	}

	return s.conn, s.sock
}
