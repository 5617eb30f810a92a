package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
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
	testkit.Eventually(t, "a session has ended", func() bool { return n.gw.Stats().Ended[CauseStopping] > 0 })
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

func TestDrainGivesEachClientItsOwnReconnectTime(t *testing.T) {
	n := start(t, Config{})
	const count = 40
	var clients []*client
	for i := range count {
		dial := n.dialTCP
		if i%2 == 1 {
			dial = n.dialWS
		}
		c := dial(t)
		c.login("user " + number(i))
		clients = append(clients, c)
	}
	waiting := n.dialTCP(t) // no hello yet
	testkit.Eventually(t, "the connections without a hello are 1", func() bool { return n.gw.Stats().Pending == 1 })
	drained := make(chan error, 1)
	go func() { drained <- n.gw.Drain(t.Context()) }()
	times := make(map[time.Duration]bool)
	for _, c := range append(clients, waiting) {
		after, ok := wire.ParseReconnect([]byte(c.wantGoodbye(wire.GoodbyeStopping)))
		if !ok || after < 0 || after >= reconnectSpread {
			t.Errorf("come back after %v, %v", after, ok)
		}
		times[after] = true
		c.io.close()
	}
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	if len(times) < count/2 {
		t.Errorf("%d different times", len(times))
	}
	if len(n.gone) != count {
		t.Errorf("%d have left when Drain returned", len(n.gone))
	}
	if conn, err := net.Dial("tcp", n.tcp); err == nil {
		_ = conn.Close()
		t.Error("still listening")
	}
	resp, err := http.Get("http" + strings.TrimPrefix(n.ws, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Error(resp.Status)
	}
	if err := n.gw.Serve(loopback(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("Serve after Drain: %v", err)
	}
}

func TestDrainWritesWhatIsQueuedFirst(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	var d tally
	pushed := stall(t, n.user(t, "alice"), &d)
	drained := make(chan error, 1)
	go func() { drained <- n.gw.Drain(t.Context()) }()
	for range pushed {
		if f := c.next(); f.Kind != wire.KindPush {
			t.Fatalf("%v %q", f.Kind, f.Payload)
		}
	}
	c.wantGoodbye(wire.GoodbyeStopping)
	c.io.close()
	if err := <-drained; err != nil || d.ok.Load() != pushed {
		t.Fatalf("%v, %d of %d delivered", err, d.ok.Load(), pushed)
	}
}

func TestDrainAbortsSessionsWhenItsTimeEnds(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t) // never closes
	c.login("alice")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.gw.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	n.wantLeft(t, "alice", user.Stopping)
}
