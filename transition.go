package parley

import (
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

// find finds a session of this node, nil if there is none. While its login or its farewell is under
// way it is in inTransition:
//
//	              login                                   farewell
//	inTransition ──▶ both ──▶ registry ──▶ both ──▶ inTransition ──▶ neither
//
// A session may move on between two looks, at most once each way: so the second round finds what
// the first has missed.
func (s *Server) find(sid node.SID) *user.User {
	id := sid.String()
	for range 2 {
		if u := s.users.BySID(id); u != nil {
			return u
		}
		if u, _ := s.inTransition.Load(sid); u != nil {
			return u
		}
	}

	return nil
}
