package runtime

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/dm/internal/core"
)

// sweep is the one timer of a runtime: it ends messages whose time is up, and drops channels that
// are not used.
type sweep struct {
	now atomic.Int64 // Unix nanoseconds, as of the last tick

	mu      sync.Mutex
	watched map[*session]struct{} // guarded by mu; sessions in which items wait
}

// watch makes the sweep look at a session until nothing waits there. The session is locked.
func (w *sweep) watch(s *session) {
	s.watched = true
	w.mu.Lock()
	w.watched[s] = struct{}{}
	w.mu.Unlock()
}

// A timeout is noticed a tick late at most.
const (
	tick      = 50 * time.Millisecond
	idleTicks = 20 // channels are looked at for idleness every so many ticks

	pendingHandoverTime = 30 * time.Second // how long what is handed over to a session waits for its login
)

func (m *Runtime) runSweep() {
	t := time.NewTicker(tick)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-m.stop:
			return
		case now := <-t.C:
			m.sweep.now.Store(now.UnixNano())
			m.expire(now.UnixNano())
			if n%idleTicks == 0 {
				m.dropIdle(now)
			}
		}
	}
}

// expire ends what has waited too long.
func (m *Runtime) expire(now int64) {
	m.sweep.mu.Lock()
	watched := make([]*session, 0, len(m.sweep.watched))
	for s := range m.sweep.watched {
		watched = append(watched, s)
	}
	m.sweep.mu.Unlock()
	for _, s := range watched {
		s.mu.Lock()
		s.effects = s.core.Expire(s.effects, now)
		if s.core.Waiting() == 0 {
			s.watched = false
			m.sweep.mu.Lock()
			delete(m.sweep.watched, s)
			m.sweep.mu.Unlock()
		}
		s.endEvent()
	}
}

// dropIdle drops the channels that have not been used for the idle timeout, and what nothing has
// asked for.
func (m *Runtime) dropIdle(now time.Time) {
	at, since := now.UnixNano(), now.Add(-m.settings.ChannelIdleTimeout).UnixNano()
	m.each(func(s *session) { s.effects = s.core.DropIdle(s.effects, at, since) })
	m.pendingHandovers.Range(func(sid core.SID, waited []pendingHandover) bool {
		if waited[len(waited)-1].came < now.Add(-pendingHandoverTime).UnixNano() {
			m.failHandover(sid)
		}

		return true
	})
	m.closedSessions.Range(func(sid core.SID, closed int64) bool {
		if closed < now.Add(-retainReplaced).UnixNano() {
			m.closedSessions.Delete(sid)
		}

		return true
	})
}

// settle waits until nothing waits for an outcome, or ctx ends.
func (m *Runtime) settle(ctx context.Context) {
	t := time.NewTicker(tick / 10)
	defer t.Stop()
	for m.waiting() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// waiting is the number of items without an outcome.
func (m *Runtime) waiting() (n int) {
	m.bySID.Range(func(_ core.SID, s *session) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		n += s.core.Waiting()

		return true
	})

	return n
}
