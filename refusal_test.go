package parley_test

import (
	"context"
	"errors"
	"testing"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestAHandlerRefusesWithACodeOfTheWire(t *testing.T) {
	c := way{}.newCluster(t, 1, func(_ int, s *parley.Server) {
		s.HandleCommand(2, 10, func(_ uint8, _ uint16, payload []byte, u *user.User, next func(error)) {
			if u.ID != "alice" {
				next(&wire.Error{Code: wire.CodeNotAllowed, Text: "only alice may"})

				return
			}
			go func() {
				_, err := s.DM().Send(context.Background(), u, string(payload), dm.Message{Ver: 2, Cmd: 11, Body: []byte("hi")})
				next(err)
			}()
		})
	})
	alice, bob := c.login("alice", 0, false), c.login("bob", 0, false)
	ask := func(p *person, about string) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := p.Request(ctx, 2, 10, []byte(about))

		return err
	}
	if err := ask(bob, "alice"); !errors.Is(err, client.ErrNotAllowed) {
		t.Errorf("bob: %v", err)
	}
	if err := ask(alice, "bob"); err != nil {
		t.Errorf("alice: %v", err)
	}
	if err := ask(alice, "zed"); !errors.Is(err, client.ErrUserNotFound) {
		t.Errorf("alice about zed: %v", err)
	}
	bob.hears("push 2 11 hi")
}
