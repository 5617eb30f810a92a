// Command seedserver is a complete game server's beginning: settings from files, direct messages by
// the built-in commands, and one command of its own: 2/10, "greet the user whose ID is the
// payload", which pushes 2/11 to that user wherever it is connected.
//
// Run it from this directory, and then examples/hello:
//
//	go run .
package main

import (
	"log"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

const (
	ver         uint8  = 2
	cmdGreet    uint16 = 10
	cmdGreeting uint16 = 11
)

func main() {
	parley.Setup("configs/parley.json")
	dm.Setup("configs/dm.json")
	dm.ExposeCommands()
	dm.SetOnReceiveMessage(func(_ uint8, _ uint16, _ []byte, senderID string, receiver *user.User) bool {
		return senderID != receiver.ID // messages to oneself are declined
	})
	parley.HandleCommand(ver, cmdGreet, greet)
	parley.Start() // returns when the node has been told to stop and has drained
}

// greet pushes a greeting to the user whose ID is the payload, and answers when that has arrived.
func greet(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
	to := string(payload)
	dm.SendMessageByUserID(u, to, ver, cmdGreeting, []byte("hello from "+u.ID), func(err error) {
		if err != nil {
			log.Printf("%s could not greet %s: %v", u.ID, to, err)
			u.ServerRespond([]byte(err.Error()), ver, cmd, parley.StatusError, true)
		} else {
			u.ServerRespond([]byte("sent"), ver, cmd, parley.StatusOK, true)
		}
		next(nil)
	})
}
