package dm

import (
	"encoding/hex"

	"github.com/parley-dm/parley/dm/internal/runtime"
	"github.com/parley-dm/parley/user"
)

// Holdings is what a module remembers and keeps waiting.
type Holdings = runtime.Holdings

// Holds counts what the module holds now.
func (m *Module) Holds() Holdings { return m.runtime.Holds() }

// Remains returns a function that counts what the sessions of now hold when it is called, even if
// the module has forgotten them.
func (m *Module) Remains() func() Holdings { return m.runtime.Remains() }

// Places tells by the peer's user ID which session a user's channels lead to.
func (m *Module) Places(u *user.User) map[string]string {
	places := map[string]string{}
	for _, c := range m.runtime.Channels(u) {
		places[c.Peer] = hex.EncodeToString(c.At.SID[:])
	}

	return places
}
