package parley

import (
	"context"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

// A stopping node sends its users away and expects them back on other nodes. Until then, for
// Config.Grace at most, their sessions linger: the directory still has them, and their channels
// stay open. The login elsewhere evicts such a session as it does any older one, which hands its
// channels over, and moves the user's data; so no peer is told that the user left. A user who
// does not come back leaves then.
//
//	goodbye 1001 ─▶ linger ──newer login elsewhere──▶ evict: channels handed over, data moved
//	                  └──────────Grace──────────────▶ Leave: peers are told

// handOverTime is how long a node whose users are back elsewhere keeps its links: the nodes of the
// newer sessions tell the peers where the users are, and the end of a link, if it came first, would
// end their channels.
const handOverTime = time.Second

// stopReserve is what a stop has for the outcome of what is under way, beside Drain and Grace.
const stopReserve = 5 * time.Second

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
	if len(s.cluster.Members()) < 2 || !s.lingering.Add(sid, u, func() { s.stayedAway(sid, u) }) {
		return false
	}
	if s.messages.Park(u) {
		return true
	}
	s.lingering.Remove(sid, func() {})

	return false
}

// stayedAway ends the session of a user who has not come back in time.
func (s *Server) stayedAway(sid node.SID, u *user.User) {
	s.lingering.Remove(sid, func() { s.endSession(u, sid) })
}

// endLinger ends the wait for a user whose session was evicted by a login elsewhere.
func (s *Server) endLinger(u *user.User, sid node.SID) {
	s.lingering.Remove(sid, func() {
		s.serving.Go(func() { // the directory is about to evict the session
			s.directory.Release(u.ID, sid, 0)
			s.inTransition.Delete(sid)
		})
	})
}

// waitForUsers waits until the users that were sent away are back elsewhere, their data with them,
// or have left. It waits no longer than patience: a function of the program may hold a user's data
// for ever, and the outcomes of the others need time too.
func (s *Server) waitForUsers(ctx context.Context, patience time.Duration) {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for sid, u := range s.lingering.Wait(wait) {
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
