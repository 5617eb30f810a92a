package notice_test

import (
	"context"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/notice"
)

const patience = 20 * time.Second

func TestAClientIsToldThatItsPeerIsGone(t *testing.T) {
	node, err := parley.New(parley.Config{TCP: "127.0.0.1:0", HTTP: "off", AuthKey: "a signing key for tests, 32 bytes long or more", LogLevel: "error"})
	if err != nil {
		t.Fatal(err)
	}
	node.DM().ExposeCommands()
	notice.Attach(node.DM())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := node.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := node.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	gone := make(chan string, 2)
	login := func(id string) *client.Client {
		token, err := node.Token(id)
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.Dial(ctx, "tcp://"+node.TCPAddr(), client.WithToken(token), client.OnPeerDisconnect(func(peer string, last []byte) {
			gone <- peer + ":" + string(last)
		}))
		if err != nil {
			t.Fatal(err)
		}

		return c
	}
	alice, bob := login("alice"), login("bob")
	defer alice.Close()
	if _, err := bob.Send(ctx, "alice", []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-gone:
		if got != "bob:" {
			t.Errorf("told %q", got)
		}
	case <-ctx.Done():
		t.Fatal("alice was not told")
	}
}
