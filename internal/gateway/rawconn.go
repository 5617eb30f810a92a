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

// The reading of a bare session: one that is open, and whose connection is watched by a loop. It
// has no goroutine. When something arrives, the loop's own goroutine reads it, with one call, and
// handles it, unless that may wait: then another goroutine goes on, until nothing more has arrived.
//
//	       arrives            all handled
//	free ─────────▶ taken ───────────────────▶ free
//	                  │  ▲  arrives meanwhile
//	                  ▼  │
//	                 again          clients are held: taken ─▶ held ─▶ taken, with Release
//
// The loop tells once of what arrives, so whoever has taken the reading and has read all, or was
// told "again", is sure to be told of the next. Who ends a session takes the reading too, if it is
// free, and finishes.
const (
	readerFree   uint32 = iota // nobody reads
	readerTaken                // somebody does
	readerAgain                // and something has arrived since
	readerPaused               // clients are held: Release takes the reading, or the end of the session
)

// loops watch a gateway's bare connections: one for each processor, made for the first.
type loops struct {
	once    sync.Once
	all     []*netio.Loop
	counter atomic.Uint32
}

func (l *loops) next(around BatchObserver) *netio.Loop {
	l.once.Do(func() {
		const most = 8
		for range min(runtime.GOMAXPROCS(0), most) {
			l.all = append(l.all, netio.NewLoop(around))
		}
	})
	if l.all == nil { // closed
		return nil
	}

	return l.all[int(l.counter.Add(1))%len(l.all)]
}

// close ends the loops, when there are no sessions any more.
func (l *loops) close() {
	l.once.Do(func() {})
	for _, one := range l.all {
		one.Close()
	}
}

// maxReadsOnLoop is how many calls of one session's reader the loop does in a row.
const maxReadsOnLoop = 4

// noDescriptorRetry is the pause of who has no descriptor to wait with.
const noDescriptorRetry = 50 * time.Millisecond

// moveToLoop gives the connection to a loop, if it can be, and returns what it was before, to be
// closed. Called with mu held by the reader, which has taken the reading, when the session is about
// to be open and nobody has written yet.
func (s *session) moveToLoop() (former net.Conn) {
	if !s.sock.Usable() || !s.raw.Adopt(s.conn) {
		return nil
	}
	s.reader.Store(readerTaken)
	s.loop = s.gw.loops.next(s.gw.cfg.Batch)
	if !s.loop.Add(&s.raw, s) {
		s.raw.Reset()

		return nil
	}
	former, s.conn, s.sock = s.conn, nil, nil

	return former
}

// Wake implements netio.ReadHandler.
func (s *session) OnReadable(over bool) {
	if over {
		s.hangup.Store(true)
	}
	for {
		switch s.reader.Load() {
		case readerFree:
			if s.reader.CompareAndSwap(readerFree, readerTaken) {
				s.readRaw(true)

				return
			}
		case readerTaken:
			if s.reader.CompareAndSwap(readerTaken, readerAgain) {
				return
			}
		default:
			return
		}
	}
}

// readRaw handles and reads until nothing more has arrived. The caller has taken the reading.
func (s *session) readRaw(onLoop bool) {
	more := true // perhaps
	for reads := 0; ; {
		if s.mustPause() {
			if s.pauseRaw() {
				return
			}
			more = true // what arrived in between was not told of
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
		if onLoop && reads == maxReadsOnLoop { // the others' turn
			go s.readRaw(false)

			return
		}
		reads++
		var err error
		if more, err = s.fillRaw(); err != nil {
			if s.gw.clientsPaused() { // the end of the stream is there to be read again
				continue
			}
			s.readFailed(err)
			s.finishRaw(onLoop, errors.Is(err, io.EOF))

			return
		}
	}
}

// mustPause reports whether the reader of a bare session is to stop because clients are held. It
// asks Config.Running only if something is to be handled.
func (s *session) mustPause() bool {
	return s.gw.clientPause.active.Load() || len(s.input.bytes()) > 0 && s.gw.clientsPaused()
}

// fillRaw reads once. More: there may be more to read, of which nobody tells.
func (s *session) fillRaw() (more bool, err error) {
	space := s.input.space(s.gw.maxBody + maxFraming)
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

// releaseReader ends the reading, unless something has arrived meanwhile.
func (s *session) releaseReader() bool {
	s.input.shrink()
	if !s.reader.CompareAndSwap(readerTaken, readerFree) {
		s.reader.Store(readerTaken)

		return false
	}
	if s.phase.Load() >= closing && s.reader.CompareAndSwap(readerFree, readerTaken) { // it was not free when the end began
		go s.finish(false)
	}

	return true
}

func (s *session) finishRaw(onLoop, eof bool) {
	if onLoop { // finish waits
		go s.finish(eof)

		return
	}
	s.finish(eof)
}

// mayBlock tells whether a frame is not for the loop's goroutine: handlers of the program may take
// their time, and so may, when the engine is stuck, the commands of Parley itself.
func (s *session) mayBlock(f wire.Frame) bool {
	return f.Kind == wire.KindRequest && (s.loop.RecentlyBlocked() || !s.gw.router.Quick(f.Ver, f.Cmd))
}

// resumeAsync goes on in place of the loop, with a frame that may wait.
func (s *session) resumeAsync(f wire.Frame) {
	s.waitWhilePaused(nil)
	s.handle(f)
	s.resumeWhenRoom()
}

// resumeWhenRoom goes on in place of the loop, when the client has read what it was sent, if it is
// behind with that.
func (s *session) resumeWhenRoom() {
	s.waitForRoom()
	s.readRaw(false)
}

// attach returns the connection as one that can wait, nil if no descriptor is left for that, or it
// is cut. A bare session's exists until detach, or its end.
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
