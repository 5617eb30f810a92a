package parley

import (
	"context"
	"errors"
	"time"

	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

const (
	replacedText = "replaced by a newer login"
	// comeBackAfter is when a client is asked to try again whose login the cluster could not
	// confirm.
	comeBackAfter = time.Second
	// refusedLogPause is how often the log tells of such logins.
	refusedLogPause = 10 * time.Second
	// loginTime bounds a login: the client is to hear why before it gives up.
	loginTime = 3 * time.Second
)

// host is the server's face towards the gateway.
type host struct{ s *Server }

var _ gateway.Host = host{}

// Admit implements gateway.Host: it confirms a login with the cluster, see the package comment.
func (h host) Admit(ctx context.Context, u *user.User) error {
	s := h.s
	sid := sessions.Of(u).SID()
	s.inTransition.Store(sid, u)
	defer s.inTransition.Delete(sid)
	if !s.cluster.IsMember() { // its users are sent to other nodes
		sessions.Discard(s.users, u, user.Left)

		return s.notConfirmed(u, directory.ErrUnsettled)
	}
	if refusal := s.operator.Banned(u.ID); refusal != nil {
		sessions.Discard(s.users, u, user.Removed)

		return refusal
	}
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	began := time.Now()
	stamp, err := s.directory.Claim(ctx, u.ID, sid, s.messages.NewestEpoch(u.ID))
	s.loginTimes.Observe(time.Since(began))
	if err != nil {
		if replaced, ok := errors.AsType[*directory.ReplacedError](err); ok {
			s.messages.HandOver(u, replaced.Next)
			s.passPredecessorOn(u.ID, sid, replaced.Next)
			sessions.Discard(s.users, u, user.Left)

			return &gateway.Refusal{Code: wire.GoodbyeReplaced, Text: replacedText}
		}
		s.messages.Abandoned(u)
		s.predecessors.take(sid)
		sessions.Discard(s.users, u, user.Left)

		return s.notConfirmed(u, err)
	}
	sessions.Of(u).SetStamp(uint64(stamp))
	older, replaces := s.predecessors.take(sid)
	if replaces {
		s.unpackData(u, older)
	}
	if !sessions.Add(s.users, u) { // evicted since
		s.messages.Abandoned(u)
		s.directory.Release(u.ID, sid, 0)

		return &gateway.Refusal{Code: wire.GoodbyeReplaced, Text: replacedText}
	}
	s.messages.Joined(u)
	if replaces {
		sessions.RunOnSIDUpdate(s.users, u, older.sid.String())
	}
	s.settle(u, sid)
	s.operator.DismissBanned(u) // Ban may have looked for the user just before it was there

	return nil
}

// notConfirmed says why the cluster has not confirmed a login. There may be many: the log tells of
// some.
func (s *Server) notConfirmed(u *user.User, err error) error {
	why := "the cluster has not settled: try again in a moment"
	if e := s.cluster.Ready(); e != nil {
		why = "the server is not in its cluster: try again in a moment"
	}
	s.refused.Add(1)
	s.refusedLog.Do(func() {
		s.log.Warn("logins are refused: the cluster has not confirmed them",
			"logins", s.refused.Swap(0), "one_of_them", u.ID, "members", len(s.cluster.Members()), "error", err)
	})

	return &gateway.Refusal{Code: wire.GoodbyeStopping, Text: why, After: comeBackAfter}
}

// Leave implements gateway.Host: it ends the session of an admitted user.
func (h host) Leave(u *user.User, why user.Reason) {
	s := h.s
	sid := sessions.Of(u).SID()
	reason := why
	if why != user.Replaced {
		s.inTransition.Store(sid, u) // before the registry forgets it: a newer login finds it in one of them
	}
	lingers := why == user.Stopping && s.linger(u, sid)
	if !sessions.Remove(s.users, u) { // evict was first, whatever the connection ended with
		reason = user.Replaced
	}
	switch {
	case why == user.Replaced:
		s.directory.Release(u.ID, sid, 0) // Evict has named the newest epoch
	case lingers:
	default:
		s.endSession(u, sid)
	}
	sessions.Discard(s.users, u, reason)
}

// evict ends the older session of a user whose newer login is being confirmed, here or on
// another node. It must not block: the callbacks of the application run with Leave.
func (s *Server) evict(userID string, sid node.SID, next node.Place) (newestEpoch uint64) {
	u := s.find(sid)
	if u == nil {
		return 0
	}
	s.log.Debug("a session is replaced", "user", userID, "by", next.Node.String())
	if s.stopping.Load() {
		release := s.lingering.Hold() // the stop waits until the links have all of it
		defer release()
		s.handedOver.Store(true)
	}
	newestEpoch = s.messages.HandOver(u, next)
	s.tellSuccessor(u, sid, next)
	sessions.Remove(s.users, u)
	sessions.Of(u).Close(uint16(wire.GoodbyeReplaced), replacedText)
	s.endLinger(u, sid)

	return newestEpoch
}
