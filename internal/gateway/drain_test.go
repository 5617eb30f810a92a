package gateway

import (
	"context"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

func TestADrainSendsClientsAwayFewAtATime(t *testing.T) {
	n := start(t, Config{})
	const (
		count  = 100
		spread = 150 * time.Millisecond // below count times drainPace
	)
	var clients []*client
	for i := range count {
		c := n.dialTCP(t)
		c.login("user " + number(i))
		clients = append(clients, c)
	}
	begun := time.Now()
	drained := make(chan error, 1)
	go func() { drained <- n.gw.DrainOver(t.Context(), spread) }()
	var last time.Duration
	for _, c := range clients {
		after, ok := wire.ParseReconnect([]byte(c.wantGoodbye(wire.GoodbyeStopping)))
		if within := count * drainPace; !ok || after < 0 || after >= within {
			t.Errorf("come back after %v, %v, want less than %v", after, ok, within)
		}
		last = max(last, time.Since(begun))
		c.io.close()
	}
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	if least := spread * (count - 1) / count; last < least {
		t.Errorf("the last client was sent away after %v, want %v or more", last, least)
	}
}

func TestAClientIsServedUntilItsTurnToGo(t *testing.T) {
	n := start(t, Config{})
	const count = 500 // a second
	var clients []*client
	for i := range count {
		c := n.dialTCP(t)
		c.login("user " + number(i))
		clients = append(clients, c)
	}
	drained := make(chan error, 1)
	go func() { drained <- n.gw.DrainOver(t.Context(), time.Hour) }()
	eventually(t, func() bool { return n.gw.Stats().Ended[CauseStopping] > 0 })
	served := 0
	for i := range count {
		if u := n.users.ByUID("user " + number(i)); u != nil {
			u.ServerPush(2, 7, []byte("still here"), true)
		}
	}
	for _, c := range clients {
		f := c.next()
		if f.Kind == wire.KindPush {
			served++
			f = c.next()
		}
		if f.Kind != wire.KindGoodbye {
			t.Errorf("%v", f.Kind)
		}
		c.io.close()
	}
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	if served == 0 {
		t.Error("no client was served during the drain")
	}
}

func TestADrainWhoseTimeEndsSendsAllAwayAtOnce(t *testing.T) {
	n := start(t, Config{})
	const count = 50
	for i := range count {
		n.dialTCP(t).login("user " + number(i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.gw.DrainOver(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	if got := n.gw.Stats().Goodbyes[wire.GoodbyeStopping]; got != count || n.gw.Sessions() != 0 {
		t.Errorf("%d goodbyes, %d sessions", got, n.gw.Sessions())
	}
}
