package gateway

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/wire"
)

// Holding clients back. A held gateway handles nothing of what clients send: their bytes stay with
// the operating system, or in the buffer of a read that was under way. Pushes are written as
// before.
//
//	Hold, or Running says false ─▶ held ─▶ bare reader: readerHeld      ─┐
//	                                       other reader: waitForRelease ─┼─ Release ─▶ reads on
//	                                       login: waitForRelease        ─┘
//
// A reader looks at on before each frame, and asks Config.Running once for each read, after it and
// before its first frame: a process that was stopped handles nothing that came meanwhile.
type clientPause struct {
	active  atomic.Bool   // written with mu held
	resumes atomic.Uint64 // written with mu held

	mu         sync.Mutex
	lastResume time.Time // guarded by mu; when Release was last called
}

// Hold keeps what clients send from being handled until Release. A frame whose handling has begun
// goes on. Logins wait for as long as they may take, ten seconds, and the time in which a hello
// must come begins anew with Release. No client is taken for dead meanwhile. Sessions can end.
//
// Hold does not count: one Release ends any number of calls.
func (g *Gateway) PauseClients() {
	g.clientPause.mu.Lock()
	defer g.clientPause.mu.Unlock()
	g.clientPause.active.Store(true)
}

// Release ends Hold, and what Config.Running has caused: all that has arrived meanwhile is handled,
// for each client in its order. It does not wait for that.
func (g *Gateway) ResumeClients() {
	g.clientPause.mu.Lock()
	defer g.clientPause.mu.Unlock()
	g.clientPause.resumes.Add(1)
	g.clientPause.lastResume = time.Now()
	if !g.clientPause.active.Load() {
		return
	}
	now := g.now.Load()
	for _, s := range g.wheel.all() { // before the sweeper looks at the silence again
		s.lastHeard.Store(now)
	}
	g.clientPause.active.Store(false)
	g.resumeAll(g.wheel.all()) // with those that have come since
}

// holds reports whether clients are held. A false answer of Running counts only if Release was not
// called since it was asked: the answer may be older than that.
func (g *Gateway) clientsPaused() bool {
	for !g.clientPause.active.Load() {
		if g.cfg.Running == nil {
			return false
		}
		releases := g.clientPause.resumes.Load()
		if g.cfg.Running() {
			return false
		}
		g.clientPause.mu.Lock()
		if g.clientPause.resumes.Load() == releases {
			g.clientPause.active.Store(true)
		}
		g.clientPause.mu.Unlock()
	}

	return true
}

// resumeAll has the readers of sessions go on. A few goroutines do the reading of bare sessions, as
// loops do: there may be many.
func (g *Gateway) resumeAll(sessions []*session) {
	var parked []*session
	for _, s := range sessions {
		s.mu.Lock()
		s.resume()
		s.mu.Unlock()
		if s.reader.CompareAndSwap(readerPaused, readerTaken) {
			parked = append(parked, s)
		}
	}
	var next atomic.Int64
	for range min(len(parked), runtime.GOMAXPROCS(0)) {
		g.routines.Go(func() { // the sessions whose reading is taken are still there
			for i := next.Add(1) - 1; int(i) < len(parked); i = next.Add(1) - 1 {
				parked[i].readRaw(true)
			}
		})
	}
}

// pauseRaw lets go of the reading of a bare session until Release. It returns false if the reading
// is the caller's again: clients are not held any more. The caller has taken the reading.
func (s *session) pauseRaw() bool {
	s.input.shrink()
	s.reader.Store(readerPaused)
	switch ended := s.phase.Load() >= closing; {
	case !ended && s.gw.clientPause.active.Load():
	case !s.reader.CompareAndSwap(readerPaused, readerTaken): // Release or the end was quicker
	case ended:
		go s.finish(false)
	default:
		return false
	}

	return true
}

// waitWhilePaused waits while clients are held. It returns false if the session or the login's time
// (done, nil: none) has ended first.
func (s *session) waitWhilePaused(done <-chan struct{}) bool {
	for s.gw.clientsPaused() {
		s.mu.Lock()
		if s.phase.Load() >= closing {
			s.mu.Unlock()

			return false
		}
		if !s.gw.clientPause.active.Load() {
			s.mu.Unlock()

			continue
		}
		pause := make(chan struct{})
		s.pause = pause
		s.mu.Unlock()
		select {
		case <-pause:
		case <-done:
			s.mu.Lock()
			if s.pause == pause {
				s.pause = nil
			}
			s.mu.Unlock()

			return false
		}
	}

	return true
}

// extendHelloDeadline gives a connection whose time for its hello has passed more of it, if clients were
// held in that time. The caller reads the connection.
func (s *session) extendHelloDeadline() bool {
	if !s.waitWhilePaused(nil) {
		return false
	}
	s.gw.clientPause.mu.Lock()
	until := s.gw.clientPause.lastResume.Add(s.gw.cfg.HelloTimeout)
	s.gw.clientPause.mu.Unlock()
	if !time.Now().Before(until) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase.Load() != hello { // its end has set a deadline
		return false
	}
	_ = s.conn.SetDeadline(until)

	return true
}

// DisconnectAll ends all sessions, and logins under way, with a goodbye, and takes new ones as before:
// Host.Admit refuses them if it is to. It does not wait for the sessions' ends. Goodbye 1001 tells
// each client when to come back, at a moment of its own; the text goes along.
func (g *Gateway) DisconnectAll(code wire.Goodbye, text string) {
	for _, s := range g.wheel.all() {
		if phase := s.phase.Load(); phase != admitting && phase != open {
			continue
		}
		said := text
		if code == wire.GoodbyeStopping {
			said = (&Refusal{Text: text, After: rand.N(reconnectSpread)}).text()
		}
		s.closeWith(code, said, causeOf(code))
	}
}
