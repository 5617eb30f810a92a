package dm_test

import (
	"strings"

	"github.com/parley-dm/parley/user"
)

func (s *story) mannerLocked(id string) *manner {
	m := s.manners[id]
	if m == nil {
		m = &manner{gates: map[string]chan struct{}{}}
		s.manners[id] = m
	}

	return m
}

// wait blocks while callbacks of this kind are held for the user.
func (s *story) wait(id, kind string) {
	s.mu.Lock()
	gate := s.mannerLocked(id).gates[kind]
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

func (s *story) act(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.mannerLocked(id).act
}

// fate notes what the callbacks made of a message.
func (s *story) fate(nd *node, text, fate string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.byText[strings.ToLower(text)]; l != nil && !nd.crashed.Load() {
		l.fates = append(l.fates, fate)
	}
}

// aloud writes a callback down, if the story wants to read of them.
func (s *story) aloudf(nd *node, u *user.User, format string, args ...any) {
	if x := s.session(u); s.loud && x != nil && !nd.crashed.Load() {
		s.notef(x.label, 1, 0, x.label+format, args...)
	}
}

// receives is the SetOnReceiveMessage callback.
func (s *story) receives(nd *node, ver uint8, cmd uint16, text, from string, to *user.User) bool {
	s.aloudf(nd, to, " is asked about %d.%d %q from %s", ver, cmd, text, from)
	s.lags()
	s.wait(to.ID, "receive")
	switch s.act(to.ID) {
	case "decline":
		s.fate(nd, text, "declined")

		return false
	case "panic":
		s.fate(nd, text, "panicked")
		panic("a bug in the application")
	}

	return true
}

// rewrites is the SetOnMessage callback.
func (s *story) rewrites(nd *node, text, from string, to *user.User) []byte {
	s.aloudf(nd, to, " may rewrite %q from %s", text, from)
	s.lags()
	s.wait(to.ID, "message")
	switch s.act(to.ID) {
	case "empty":
		s.fate(nd, text, "dropped")

		return []byte{}
	case "rewrite":
		return []byte(strings.ToUpper(text))
	case "slip":
		s.fate(nd, text, "panicked")
		panic("another bug")
	}

	return nil
}

// farewell is the SetOnUserDisconnect callback.
func (s *story) farewell(nd *node, u *user.User, peer string) []byte {
	s.aloudf(nd, u, " may say goodbye to %s", peer)
	s.lags()
	s.wait(u.ID, "farewell")
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.mannerLocked(u.ID)
	if m.act == "panic" {
		panic("a bug in the application's goodbye")
	}
	if m.farewell == "" {
		return nil
	}

	return []byte(m.farewell)
}

// cleared is the SetOnClearCache callback.
func (s *story) cleared(nd *node, gone string, stayer *user.User) {
	x := s.session(stayer)
	if x == nil || nd.crashed.Load() {
		return
	}
	s.lags()
	s.wait(stayer.ID, "clear")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noteLockedf(x.label, 1, 0, "%s is told: %s is gone", x.label, gone)
	if s.mannerLocked(stayer.ID).act == "panic" {
		panic("a bug in the application's callback")
	}
}
