package notice

import (
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// Attach makes the module's node tell clients of peers that are gone. It must be called before the
// node starts.
func Attach(m *dm.Module) {
	m.SetOnClearCache(func(gone string, stayed *user.User) {
		stayed.ServerPush(wire.EngineVer, wire.CommandDisconnect, wire.AppendPeer(nil, gone), true)
	})
}
