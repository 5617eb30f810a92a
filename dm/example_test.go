package dm_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// A server with the package-level functions, which act on the default node.
func Example() {
	dm.ExposeCommands()
	dm.SetOnReceiveMessage(func(_ uint8, _ uint16, _ []byte, senderID string, receiver *user.User) bool {
		return senderID != receiver.ID
	})
	parley.HandleCommand(2, 10, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
		dm.SendMessageByUserID(u, string(payload), 2, 11, []byte("hello"), func(err error) {
			u.ServerRespond(fmt.Append(nil, err), ver, cmd, parley.StatusOK, true)
		})
		next(nil)
	})
	parley.Start()
}

// Send waits for the outcome, and tells a delivery from a message that the receiving side did not
// want.
func ExampleModule_Send() {
	greet := func(server *parley.Server, from *user.User, to string) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		receipt, err := server.DM().Send(ctx, from, to, dm.Message{Ver: 2, Cmd: 11, Body: []byte("hello")})
		switch {
		case errors.Is(err, dm.ErrUserNotFound):
			slog.Info("nobody to greet", "user", to)
		case err != nil:
			slog.Warn("the greeting may be lost", "error", err, "code", dm.CodeOf(err))
		case receipt.Result == dm.Declined:
			slog.Info("the greeting is not wanted", "user", to)
		}
	}
	_ = greet
}

// A message in the server's own name, from any node: the sender is a blank user.
func ExampleModule_SendMessageByUserID_server() {
	announce := func(server *parley.Server, to, text string) {
		system := user.CreateBlankUser("", "system")
		server.DM().SendMessageByUserID(system, to, 2, 20, []byte(text), nil)
	}
	_ = announce
}

// The last message of a user who leaves, and what the peer's node does where there is none.
func ExampleModule_SetOnUserDisconnect() {
	m := dm.New()
	m.SetOnUserDisconnect(func(leaver *user.User, _ string) []byte {
		return []byte(leaver.ID + " has left the table")
	})
	m.SetOnClearCache(func(goneID string, stayer *user.User) {
		stayer.ServerPush(2, 12, []byte(goneID), true) // its node died, or its client was cut off
	})
}
