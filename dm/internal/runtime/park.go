package runtime

import (
	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/user"
)

// Park implements messages.Engine.
func (m *Runtime) Park(u *user.User) bool {
	s := m.lockSession(u)
	active := s.core.State() == core.Active
	if active {
		s.core.Park()
	}
	s.endEvent()

	return active
}
