package onenode_test

import (
	"errors"
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/testkit/onenode"
	"github.com/parley-dm/parley/user"
)

func TestUsersOfANodeGetMessagesAndItsEnd(t *testing.T) {
	var gone []string
	n := onenode.New(t, "n1", func(n *onenode.Node) {
		n.Users.OnClosed(func(u *user.User, why user.Reason) { gone = append(gone, u.ID+" "+why.String()) })
	})
	alice, bob := n.Login("alice"), n.Login("bob")
	if r, err := n.DM.Send(t.Context(), alice.User, "bob", dm.Message{Ver: 2, Cmd: 7, Body: []byte("hello")}); err != nil || r.Result != dm.Delivered {
		t.Errorf("%+v, %v", r, err)
	}
	if got := bob.Next(t); got != "2.7 hello" || len(bob.Heard())+len(alice.Heard()) > 0 {
		t.Errorf("bob got %q", got)
	}
	if _, err := n.DM.Send(t.Context(), alice.User, "zed", dm.Message{Ver: 2, Cmd: 7, Body: []byte("hello")}); !errors.Is(err, dm.ErrUserNotFound) {
		t.Errorf("to a user who is not there: %v", err)
	}
	bob.User.Disconnect()
	if got := bob.Ended(); got != "2005 removed by the server" {
		t.Errorf("bob is told %q", got)
	}
	bob.Logout()
	if n.Users.ByUID("bob") != nil || len(gone) != 1 || gone[0] != "bob left" {
		t.Errorf("%q have gone", gone)
	}
}
