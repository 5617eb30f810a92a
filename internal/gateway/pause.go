package gateway

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/wire"
)

// clientPause is the state of a pause: the gateway handles nothing that clients send. Their bytes
// stay with the operating system, or in the buffer of a read that was under way. Pushes are written
// as before.
//
//	PauseClients or ─▶ paused ─▶ watched reader: suspended     ─┐
//	Running: false               other reader: waitWhilePaused ─┼─ ResumeClients ─▶ continue
//	                             login: waitWhilePaused        ─┘
//
// A reader checks active before each frame, and calls Config.Running once for each read, after it
// and before its first frame: a process that was stopped handles nothing that came meanwhile.
type clientPause struct {
	active  atomic.Bool   // written with mu held
	resumes atomic.Uint64 // written with mu held

	mu         sync.Mutex
	lastResume time.Time // guarded by mu; when ResumeClients was last called
}

// PauseClients keeps the gateway from handling what clients send until ResumeClients. A frame whose
// handling has begun continues. Logins wait, at most ten seconds, and HelloTimeout starts again at
// ResumeClients. No client is closed for silence meanwhile. Sessions can end.
//
// Calls do not nest: one ResumeClients ends any number of them.
func (g *Gateway) PauseClients() {
	g.clientPause.mu.Lock()
	defer g.clientPause.mu.Unlock()
	g.clientPause.active.Store(true)
}

// ResumeClients ends a pause, whether PauseClients or Config.Running has caused it: all that has
// arrived meanwhile is handled, for each client in its order. It does not wait for that.
func (g *Gateway) ResumeClients() {
	g.clientPause.mu.Lock()
	defer g.clientPause.mu.Unlock()
	g.clientPause.resumes.Add(1)
	g.clientPause.lastResume = time.Now()
	if !g.clientPause.active.Load() {
		return
	}
	now := g.now.Load()
	for _, s := range g.wheel.all() { // before the sweeper checks for silence again
		s.lastHeard.Store(now)
	}
	g.clientPause.active.Store(false)
	g.resumeAll(g.wheel.all()) // including the sessions that have come since
}

// clientsPaused reports whether clients are paused. A false answer of Running counts only without a
// call of ResumeClients since the question: the answer may predate it.
func (g *Gateway) clientsPaused() bool {
	for !g.clientPause.active.Load() {
		if g.cfg.Running == nil {
			return false
		}
		resumes := g.clientPause.resumes.Load()
		if g.cfg.Running() {
			return false
		}
		g.clientPause.mu.Lock()
		if g.clientPause.resumes.Load() == resumes {
			g.clientPause.active.Store(true)
		}
		g.clientPause.mu.Unlock()
	}

	return true
}

// resumeAll continues the readers of sessions. There may be many watched sessions, so a bounded
// number of goroutines, one for each processor, reads them, as loops do.
func (g *Gateway) resumeAll(sessions []*session) {
	var paused []*session
	for _, s := range sessions {
		s.mu.Lock()
		s.resume()
		s.mu.Unlock()
		if s.turn.Resume() {
			paused = append(paused, s)
		}
	}
	var next atomic.Int64
	for range min(len(paused), runtime.GOMAXPROCS(0)) {
		g.routines.Go(func() { // a reader keeps its session alive
			for i := next.Add(1) - 1; int(i) < len(paused); i = next.Add(1) - 1 {
				paused[i].readWatched(true)
			}
		})
	}
}

// pauseWatched suspends the reader of a watched session until ResumeClients. It returns false if
// clients are no longer paused: the caller is still the reader.
func (s *session) pauseWatched() bool {
	s.input.Shrink()
	s.turn.Suspend()
	switch ended := s.phase.Load() >= closing; {
	case !ended && s.gw.clientPause.active.Load():
	case !s.turn.Resume(): // ResumeClients or closeWith was first
	case ended:
		go s.finish(false)
	default:
		return false
	}

	return true
}

// waitWhilePaused waits while clients are paused. It returns false if the session, or the login's
// time (done, may be nil), has ended first.
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

// extendHelloDeadline extends an expired hello deadline by HelloTimeout from the latest
// ResumeClients. It returns false if that has passed as well. Called by the reader.
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
	if s.phase.Load() != hello { // closeWith has set a deadline
		return false
	}
	s.conn.SetDeadline(until)

	return true
}

// DisconnectAll ends all sessions, and logins under way, with a goodbye. New connections are
// accepted as before: Host.Admit has to refuse them if need be. It does not wait for the sessions'
// ends. Goodbye 1001 gives each client a random time to reconnect, with the text.
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
