package gateway

import (
	"strings"
	"unique"

	"github.com/parley-dm/parley/user"
)

// maxProgram bounds what the log shows of a client's name, in bytes.
const maxProgram = 64

// noteProgram keeps the client's name for the log. It is what the client says: letters, digits and
// a few signs of it are shown.
func (s *session) noteProgram(name string) {
	if !s.gw.debug {
		return
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-+/() ", r):
			return r
		}

		return '?'
	}, name[:min(len(name), maxProgram)])
	s.program = unique.Make(name)
}

func (s *session) logBegin(u *user.User) {
	if s.gw.debug {
		s.gw.log.Debug("a session begins", s.logAttrs(u)...)
	}
}

func (s *session) logEnd(u *user.User, why Cause) {
	if s.gw.debug {
		s.gw.log.Debug("a session ends", append(s.logAttrs(u), "reason", why.String())...)
	}
}

func (s *session) logAttrs(u *user.User) []any {
	program := ""
	if s.program != (unique.Handle[string]{}) {
		program = s.program.Value()
	}

	return []any{
		"user", u.ID, "session", u.SID, "node", s.gw.cfg.Node, "transport", s.Transport(), "address", s.addr, "client", program,
	}
}
