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
	readerFree  uint32 = iota // nobody reads
	readerTaken               // somebody does
	readerAgain               // and something has arrived since
	readerHeld                // clients are held: Release takes the reading, or the end of the session
)

// loops watch a gateway's bare connections: one for each processor, made for the first.
type loops struct {
	make sync.Once
	all  []*netio.Loop
	turn atomic.Uint32
}

func (l *loops) next(around Batch) *netio.Loop {
	l.make.Do(func() {
		const most = 8
		for range min(runtime.GOMAXPROCS(0), most) {
			l.all = append(l.all, netio.NewLoop(around))
		}
	})
	if l.all == nil { // closed
		return nil
	}

	return l.all[int(l.turn.Add(1))%len(l.all)]
}

// close ends the loops, when there are no sessions any more.
func (l *loops) close() {
	l.make.Do(func() {})
	for _, one := range l.all {
		one.Close()
	}
}

// readsOnLoop is how many calls of one session's reader the loop does in a row.
const readsOnLoop = 4

// lookAgain is the pause of who has no descriptor to wait with.
const lookAgain = 50 * time.Millisecond

// becomeBare gives the connection to a loop, if it can be, and returns what it was before, to be
// closed. Called with mu held by the reader, which has taken the reading, when the session is about
// to be open and nobody has written yet.
func (s *session) becomeBare() (former net.Conn) {
	if !s.sock.Usable() || !s.bare.Take(s.conn) {
		return nil
	}
	s.reader.Store(readerTaken)
	s.loop = s.gw.loops.next(s.gw.cfg.Batch)
	if !s.loop.Add(&s.bare, s) {
		s.bare.Drop()

		return nil
	}
	former, s.conn, s.sock = s.conn, nil, nil

	return former
}

// Wake implements netio.Watcher.
func (s *session) Wake(over bool) {
	if over {
		s.hung.Store(true)
	}
	for {
		switch s.reader.Load() {
		case readerFree:
			if s.reader.CompareAndSwap(readerFree, readerTaken) {
				s.readBare(true)

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

// readBare handles and reads until nothing more has arrived. The caller has taken the reading.
func (s *session) readBare(onLoop bool) {
	more := true // perhaps
	for reads := 0; ; {
		if s.mustPark() {
			if s.parkBare() {
				return
			}
			more = true // what arrived in between was not told of
		}
		switch s.handleArrived(onLoop) {
		case allHandled:
		case heldBack:
			continue
		case hasEnded:
			s.finishBare(onLoop, false)

			return
		case goesOn:
			return
		}
		if !more && s.letGo() {
			return
		}
		if onLoop && reads == readsOnLoop { // the others' turn
			go s.readBare(false)

			return
		}
		reads++
		var err error
		if more, err = s.fillBare(); err != nil {
			if s.gw.holds() { // the end of the stream is there to be read again
				continue
			}
			s.readFailed(err)
			s.finishBare(onLoop, errors.Is(err, io.EOF))

			return
		}
	}
}

// mustPark reports whether the reader of a bare session is to stop because clients are held. It
// asks Config.Running only if something is to be handled.
func (s *session) mustPark() bool {
	return s.gw.hold.on.Load() || len(s.in.bytes()) > 0 && s.gw.holds()
}

// fillBare reads once. More: there may be more to read, of which nobody tells.
func (s *session) fillBare() (more bool, err error) {
	space := s.in.space(s.gw.maxBody + maxFraming)
	n, err := s.bare.TryRead(space)
	if err != nil {
		return false, err
	}
	if n > 0 {
		s.received(n)
		s.heard.Store(s.gw.now.Load())
	}

	return n == len(space) || n > 0 && s.hung.Load(), nil
}

// letGo ends the reading, unless something has arrived meanwhile.
func (s *session) letGo() bool {
	s.in.park()
	if !s.reader.CompareAndSwap(readerTaken, readerFree) {
		s.reader.Store(readerTaken)

		return false
	}
	if s.phase.Load() >= closing && s.reader.CompareAndSwap(readerFree, readerTaken) { // it was not free when the end began
		go s.finish(false)
	}

	return true
}

func (s *session) finishBare(onLoop, eof bool) {
	if onLoop { // finish waits
		go s.finish(eof)

		return
	}
	s.finish(eof)
}

// mayWait tells whether a frame is not for the loop's goroutine: handlers of the program may take
// their time, and so may, when the engine is stuck, the commands of Parley itself.
func (s *session) mayWait(f wire.Frame) bool {
	return f.Kind == wire.KindRequest && (s.loop.Kept() || !s.gw.router.Quick(f.Ver, f.Cmd))
}

// goOn goes on in place of the loop, with a frame that may wait.
func (s *session) goOn(f wire.Frame) {
	s.waitForRelease(nil)
	s.handle(f)
	s.goOnWithRoom()
}

// goOnWithRoom goes on in place of the loop, when the client has read what it was sent, if it is
// behind with that.
func (s *session) goOnWithRoom() {
	s.waitForRoom()
	s.readBare(false)
}

// attach returns the connection as one that can wait, nil if no descriptor is left for that, or it
// is cut. A bare session's exists until detach, or its end.
func (s *session) attach() (net.Conn, *netio.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil && s.phase.Load() != closed {
		conn, err := s.bare.Attach()
		if err != nil {
			return nil, nil
		}
		s.conn, s.sock = conn, new(netio.Conn)
		s.sock.Use(conn)
	}

	return s.conn, s.sock
}
