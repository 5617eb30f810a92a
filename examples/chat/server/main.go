// Command server is the server of the chat in docs/tutorial.md: a node whose users write to each
// other, and can block each other.
package main

import (
	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

const (
	verLeft uint8  = 1 // the engine's push that says that a peer has left
	cmdLeft uint16 = 700

	ver      uint8  = 2 // 0 and 1 are the engine's
	cmdBlock uint16 = 1 // the payload is a user ID
)

func main() {
	dm.ExposeCommands() // clients may send
	dm.SetOnReceiveMessage(func(_ uint8, _ uint16, _ []byte, senderID string, receiver *user.User) bool {
		blocked, _ := receiver.GetAsBool("blocks " + senderID)

		return !blocked // false: the message is declined, and its sender is told
	})
	dm.SetOnClearCache(func(gone string, stayed *user.User) { // a peer has left, or its node has died
		stayed.ServerPush(verLeft, cmdLeft, wire.AppendPeer(nil, gone), true)
	})
	parley.HandleCommand(ver, cmdBlock, block)
	parley.Start() // until SIGINT or SIGTERM
}

func block(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
	u.Set("blocks "+string(payload), true)
	u.ServerRespond([]byte("blocked"), ver, cmd, parley.StatusOK, true)
	next(nil)
}
