package parley

import (
	"context"
	"errors"
	"time"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

const replacedText = "replaced by a newer login"

// comeBackAfter is when a client is asked to try again that could not be announced to the cluster.
const comeBackAfter = time.Second

// refusedLogPause is how often the log tells of logins that cannot be announced.
const refusedLogPause = 10 * time.Second

// patienceCutOff is how long a login may take while this node is cut off from its cluster.
const patienceCutOff = 2 * time.Second

// Admit makes a login known to the cluster: see the package comment. The gateway calls it.
func (s *Server) Admit(ctx context.Context, u *user.User) error {
	s.between.Store(u.SID, u)
	defer s.between.Delete(u.SID)
	if s.mesh.CutOff() { // it will hardly succeed, and the client is to hear of it before it gives up
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patienceCutOff)
		defer cancel()
	}
	stamp, err := s.directory.Claim(ctx, u.ID, u.SID)
	if err != nil {
		if replaced, ok := errors.AsType[*dive.ReplacedError](err); ok {
			s.dm.Replaced(u, replaced.Next)
			s.users.Discard(u)

			return &gateway.Refusal{Code: wire.GoodbyeReplaced, Text: replacedText}
		}
		s.dm.Abandoned(u)
		s.users.Discard(u)

		return s.notAnnounced(u, err)
	}
	u.SetLogin(uint64(stamp))
	if !s.users.Add(u) { // evicted since
		s.dm.Abandoned(u)
		s.directory.Release(u.ID, u.SID)

		return &gateway.Refusal{Code: wire.GoodbyeReplaced, Text: replacedText}
	}
	s.dm.Joined(u)
	s.directory.Activate(u.ID, u.SID)

	return nil
}

// notAnnounced says why a login could not be made known to the cluster. There may be many: the log tells of some.
func (s *Server) notAnnounced(u *user.User, err error) error {
	why := "the login could not be made known to all servers: try again in a moment"
	if s.mesh.CutOff() {
		why = "the server has lost its cluster: try again in a moment"
	}
	s.refused.Add(1)
	s.refusedLog.Do(func() {
		s.log.Warn("logins are refused: they could not be announced to the cluster",
			"logins", s.refused.Swap(0), "one_of_them", u.ID, "cut_off", s.mesh.CutOff(), "error", err)
	})

	return &gateway.Refusal{Code: wire.GoodbyeStopping, Text: why, After: comeBackAfter}
}

// Leave ends the session of an admitted user. The gateway calls it.
func (s *Server) Leave(u *user.User, why user.Reason) {
	s.users.Remove(u)
	if why == user.Replaced {
		s.directory.Release(u.ID, u.SID)
	} else {
		s.between.Store(u.SID, u)
		s.dm.Leave(u, func() {
			s.directory.Release(u.ID, u.SID)
			s.between.Delete(u.SID)
		})
	}
	s.users.Discard(u)
}

// Evicted ends a session because a newer login of the same user is being announced, here or elsewhere. The directory calls it; it
// must not block, so the callbacks of the application come with Leave.
func (s *Server) Evicted(userID, sid string, next dive.Place) {
	u := s.users.BySID(sid)
	if u == nil {
		if u, _ = s.between.Load(sid); u == nil {
			return
		}
	}
	s.log.Debug("a session is replaced", "user", userID, "by", next.Node.String())
	s.dm.Replaced(u, next)
	s.users.Remove(u)
	u.Close(uint16(wire.GoodbyeReplaced), replacedText)
}
