// Command contacts is a server that tells users which of their contacts are online: when they log
// in, when a contact comes, and when a contact leaves. It is the code of docs/presence.md.
//
//	go run ./examples/contacts
package main

import (
	"context"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// Pushes to clients. The payload is the user ID of a contact.
const (
	ver        uint8  = 2
	cmdOnline  uint16 = 30
	cmdOffline uint16 = 31
)

const patience = 5 * time.Second

func main() {
	dm.ExposeCommands()
	user.OnNew(func(u *user.User) { go greet(u) })
	dm.SetOnClearCache(func(gone string, stayed *user.User) {
		stayed.ServerPush(ver, cmdOffline, []byte(gone), true)
	})
	parley.Start()
}

// greet tells the contacts of u that u is online, and u which of them are. The message opens a
// channel: from then on each of the two is told when the other one leaves. If both log in at the
// same moment, each may hear twice that the other one is online.
func greet(u *user.User) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, contact := range contactsOf(u.ID) {
		_, err := dm.Default.Send(ctx, u, contact, dm.Message{Ver: ver, Cmd: cmdOnline, Body: []byte(u.ID)})
		if err == nil {
			u.ServerPush(ver, cmdOnline, []byte(contact), true)
		} // dm.ErrUserNotFound: the contact is not online
	}
}

// contactsOf stands for your database.
func contactsOf(userID string) []string {
	return map[string][]string{"alice": {"bob", "carol"}, "bob": {"alice"}, "carol": {"alice"}}[userID]
}
