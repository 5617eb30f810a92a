package runtime

import (
	"github.com/puzpuzpuz/xsync/v4"

	"github.com/parley-dm/parley/internal/sessions"
)

type computeOp = xsync.ComputeOp

const (
	updateOp = xsync.UpdateOp
	deleteOp = xsync.DeleteOp
	cancelOp = xsync.CancelOp
)

// closedEpochs is what is remembered of a user's sessions that are over but not forgotten yet.
type closedEpochs struct {
	sessions int
	newest   uint64 // the newest epoch that one of them has used
}

// NewestEpoch implements messages.Engine.
func (m *Runtime) NewestEpoch(userID string) uint64 {
	e, _ := m.closedEpochs.Load(userID)

	return e.newest
}

// countClosed notes that the session is over. It is locked.
func (s *session) countClosed() {
	if s.counted || s.user.IsBlank() {
		return
	}
	s.counted = true
	newest := s.core.NewestEpoch()
	s.m.closedEpochs.Compute(s.user.ID, func(e closedEpochs, _ bool) (closedEpochs, computeOp) {
		return closedEpochs{e.sessions + 1, max(e.newest, newest)}, updateOp
	})
}

// forgetEpochs is called when the session is forgotten. It is locked.
func (s *session) forgetEpochs() {
	if epoch := s.core.Epoch(); epoch > 0 && !s.user.IsBlank() { // code of the server may still send for the user: that goes on from here
		sessions.Of(s.user).SetStamp(epoch)
	}
	if !s.counted {
		return
	}
	s.m.closedEpochs.Compute(s.user.ID, func(e closedEpochs, _ bool) (closedEpochs, computeOp) {
		if e.sessions <= 1 {
			return closedEpochs{}, deleteOp
		}

		return closedEpochs{e.sessions - 1, e.newest}, updateOp
	})
}
