package gateway

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestDisconnectAllEndsTheSessionsAndTheGatewayGoesOn(t *testing.T) {
	overAll(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		entered, refusing := make(chan struct{}), atomic.Bool{}
		n.admit = func(ctx context.Context, u *user.User) error {
			switch {
			case u.ID == "slow":
				close(entered)
				<-ctx.Done()

				return ctx.Err()
			case refusing.Load():
				return &Refusal{Code: wire.GoodbyeStopping, Text: "not now", After: time.Second}
			}

			return nil
		}
		alice, bob, slow, later := dial(t), dial(t), dial(t), dial(t)
		alice.login("alice")
		bob.login("bob")
		slow.send(helloFrame("slow"))
		<-entered
		refusing.Store(true)
		n.gw.DisconnectAll(wire.GoodbyeStopping, "the node leaves its cluster")
		for _, c := range []*client{alice, bob, slow} {
			text := c.wantGoodbye(wire.GoodbyeStopping)
			after, ok := wire.ParseReconnect([]byte(text))
			if !ok || after >= reconnectSpread || wire.ParseReason([]byte(text)) != "the node leaves its cluster" {
				t.Errorf("goodbye %q", text)
			}
			c.io.close()
		}
		if first, second := <-n.gone, <-n.gone; first.u == second.u {
			t.Errorf("%s left twice", first.u.ID)
		}
		later.send(helloFrame("carol")) // it was connected before
		later.wantGoodbye(wire.GoodbyeStopping)
		refusing.Store(false)
		c := dial(t)
		c.login("carol")
		c.wantAlive()
		n.gw.DisconnectAll(wire.GoodbyeRemoved, "enough")
		if text := c.wantGoodbye(wire.GoodbyeRemoved); text != "enough" {
			t.Errorf("goodbye %q", text)
		}
		n.wantLeft(t, "carol", user.Removed)
	})
}

func TestAFreePortIsKnownAndStaysClosed(t *testing.T) {
	ln := loopback(t)
	addr := ln.Addr().String()
	if err := PortFree(t.Context(), addr); err == nil {
		t.Error("a port that is taken counts as free")
	}
	_ = ln.Close()
	if err := PortFree(t.Context(), addr); err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		_ = conn.Close()
		t.Error("the port is open")
	}
	if err := PortFree(t.Context(), "203.0.113.1:1"); err == nil || errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "203.0.113.1") {
		t.Errorf("an address of another machine: %v", err)
	}
}
