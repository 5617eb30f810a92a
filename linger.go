package parley

import (
	"context"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

// A stopping node sends its users away and expects them back on other nodes. Until then, for
// Config.Grace at most, their sessions linger: the directory still has them, and their channels
// stay open. The login elsewhere evicts such a session as it does any older one, which hands its
// channels over, and the user's data; so no peer is told that the user left. A user who does not
// come back leaves then.
//
//	goodbye 1001 ─▶ linger ──newer login elsewhere──▶ Replaced: channels and data handed over
//	                  └──────────Grace──────────────▶ Leave: peers are told

// handOverTime is how long a node whose users are back elsewhere keeps its links: the nodes of the
// newer sessions tell the peers where the users are, and the end of a link, if it came first, would
// end their channels.
const handOverTime = time.Second

// stopReserve is what a stop has for the outcome of what is under way, beside Drain and Grace.
const stopReserve = 5 * time.Second

// lingering are the users who are expected back elsewhere.
type lingering struct {
	mu     sync.Mutex
	grace  time.Duration              // guarded by mu; not positive: none lingers
	users  map[node.SID]lingeringUser // guarded by mu
	ending int                        // guarded by mu; users who leave just now
	empty  chan struct{}              // guarded by mu; closed when there are none of both; nil: nothing waits for that
}

type lingeringUser struct {
	user  *user.User
	timer *time.Timer
}

// begin lets users linger from now on.
func (l *lingering) begin(grace time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grace = grace
}

// add begins to wait for a user, and calls over when that was in vain. It returns false if no user
// lingers.
func (l *lingering) add(sid node.SID, u *user.User, over func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grace <= 0 {
		return false
	}
	if l.users == nil {
		l.users = make(map[node.SID]lingeringUser)
	}
	l.users[sid] = lingeringUser{u, time.AfterFunc(l.grace, over)}

	return true
}

// has reports whether a user lingers under that SID.
func (l *lingering) has(sid node.SID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.users[sid]

	return ok
}

// remove ends the wait for a user, and runs then before it counts as ended. It does nothing if none
// lingers under that SID.
func (l *lingering) remove(sid node.SID, then func()) {
	l.mu.Lock()
	u, ok := l.users[sid]
	if !ok {
		l.mu.Unlock()

		return
	}
	u.timer.Stop()
	delete(l.users, sid)
	l.ending++
	l.mu.Unlock()
	then()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending--
	if l.ending == 0 && len(l.users) == 0 && l.empty != nil {
		close(l.empty)
		l.empty = nil
	}
}

// wait waits until none lingers, or ctx ends: then no user lingers any more, and those that did are
// returned.
func (l *lingering) wait(ctx context.Context) (rest map[node.SID]*user.User) {
	l.mu.Lock()
	if len(l.users) == 0 && l.ending == 0 {
		l.grace = 0
		l.mu.Unlock()

		return nil
	}
	empty := make(chan struct{})
	l.empty = empty
	l.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grace = 0
	rest = make(map[node.SID]*user.User, len(l.users))
	for sid, u := range l.users {
		rest[sid] = u.user
	}

	return rest
}

// StopTime is the time that [Server.Stop] needs at most to do all it should: Config.Drain,
// Config.Grace, and some seconds for the outcome of what is under way.
func (s *Server) StopTime() time.Duration { return s.cfg.Drain + max(0, s.cfg.Grace) + stopReserve }

// shareOfStop is a part of StopTime, or less in the same proportion if ctx gives less time.
func (s *Server) shareOfStop(ctx context.Context, part time.Duration) time.Duration {
	all := s.StopTime()
	if deadline, ok := ctx.Deadline(); ok {
		if left := time.Until(deadline); left < all {
			return time.Duration(float64(part) * max(0, float64(left)/float64(all)))
		}
	}

	return part
}

// linger keeps the session of a user that was sent away. It returns false if the user is not
// expected back.
func (s *Server) linger(u *user.User, sid node.SID) bool {
	if len(s.cluster.Members()) < 2 || !s.lingering.add(sid, u, func() { s.stayedAway(sid, u) }) {
		return false
	}
	if s.messages.Park(u) {
		return true
	}
	s.lingering.remove(sid, func() {})

	return false
}

// stayedAway ends the session of a user who has not come back in time.
func (s *Server) stayedAway(sid node.SID, u *user.User) {
	s.lingering.remove(sid, func() { s.endSession(u, sid) })
}

// cameBack ends the wait for a user whose session was replaced by one elsewhere.
func (s *Server) cameBack(u *user.User, sid node.SID) {
	s.lingering.remove(sid, func() {
		s.handedOver.Store(true)
		s.serving.Go(func() { // the directory is about to evict the session
			s.directory.Release(u.ID, sid, 0)
			s.inTransition.Delete(sid)
		})
	})
}

// waitForUsers waits until the users that were sent away are back elsewhere, or have left.
func (s *Server) waitForUsers(ctx context.Context) {
	for sid, u := range s.lingering.wait(ctx) {
		s.stayedAway(sid, u)
	}
	if !s.handedOver.Load() {
		return
	}
	t := time.NewTimer(handOverTime)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// endSession has a user leave: its peers are told, and when all its messages have their outcomes
// the directory forgets the session.
func (s *Server) endSession(u *user.User, sid node.SID) {
	s.messages.Leave(u, func(newestEpoch uint64) {
		s.directory.Release(u.ID, sid, newestEpoch)
		s.inTransition.Delete(sid)
	})
}
