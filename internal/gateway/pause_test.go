package gateway

import (
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"context"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// overAll runs a test over TCP, WebSocket and TLS. Beside the handlers of start, command 1.1 of the
// engine's own, which runs on a loop's goroutine, echoes.
func overAll(t *testing.T, cfg Config, test func(t *scene, n *node, dial func(testing.TB) *client)) {
	t.Helper()
	begin := func(t *testing.T, cfg Config) *node {
		t.Helper()
		n := newNode(t, cfg)
		n.router.Handle(2, 1, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
			n.handled.Add(1)
			echo(ver, cmd, payload, u, next)
		})
		n.router.Builtin(1, 1, func(req command.Request) {
			n.handled.Add(1)
			req.Answer(wire.StatusOK, req.Payload)
		})

		return n.listen(t)
	}
	t.Run("TCP", func(t *testing.T) { n := begin(t, cfg); test(&scene{t}, n, n.dialTCP) })
	t.Run("WebSocket", func(t *testing.T) { n := begin(t, cfg); test(&scene{t}, n, n.dialWS) })
	t.Run("TLS", func(t *testing.T) {
		server, trusting := certificate(t)
		cfg.TLS = server
		n := begin(t, cfg)
		test(&scene{t}, n, func(tb testing.TB) *client { tb.Helper(); return n.dialTLS(tb, trusting) })
	})
}

func (n *node) dialTLS(tb testing.TB, cfg *tls.Config) *client {
	tb.Helper()
	conn, err := tls.Dial("tcp", n.tcp, cfg)
	if err != nil {
		tb.Fatal(err)
	}

	return newClient(tb, &tcpBodies{conn})
}

// waitPaused waits until the readers of all sessions wait for ResumeClients, with input to handle.
func (n *node) waitPaused(tb testing.TB) {
	tb.Helper()
	eventually(tb, func() bool {
		return !slices.ContainsFunc(n.gw.wheel.all(), func(s *session) bool {
			s.mu.Lock()
			defer s.mu.Unlock()

			return s.pause == nil && !s.turn.Suspended()
		})
	})
}

// ask is a request of the engine's own commands if i is even, else of the program's.
func ask(i int) wire.Frame {
	f := request(uint32(i), 1, number(i))
	if i%2 == 0 {
		f.Ver = 1
	}

	return f
}

func TestInputDuringAPauseIsHandledOnResume(t *testing.T) {
	overAll(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		alice, bob := dial(t), dial(t)
		alice.login("alice")
		bob.login("bob")
		for range 3 {
			n.gw.PauseClients()
			before := n.handled.Load()
			for i := range 300 {
				alice.send(ask(i + 1))
				bob.send(ask(i + 1))
			}
			n.waitPaused(t)
			n.user(t, "alice").ServerPush(2, 9, []byte("pushes go on"), true)
			if f := alice.next(); f.Kind != wire.KindPush {
				t.Fatalf("%v %q", f.Kind, f.Payload)
			}
			if got := n.handled.Load(); got != before {
				t.Fatalf("%d requests were handled", got-before)
			}
			n.gw.ResumeClients()
			for i := range 300 {
				alice.wantEcho(uint32(i+1), number(i+1))
				bob.wantEcho(uint32(i+1), number(i+1))
			}
			alice.wantAlive()
		}
	})
}

func TestLoginsWaitDuringAPause(t *testing.T) {
	overAll(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		n.gw.PauseClients()
		c := dial(t)
		c.send(helloFrame("alice"))
		c.send(ask(1))
		eventually(t, func() bool { return len(n.gw.wheel.all()) == 1 })
		n.waitPaused(t)
		if n.users.Count() != 0 {
			t.Error("a user has been admitted")
		}
		n.gw.ResumeClients()
		c.welcome("alice")
		c.wantEcho(1, "1")
	})
}

// A client that waits for a node that is paused may give up and log in elsewhere.
func TestALoginWhoseClientHasGoneIsNotAdmitted(t *testing.T) {
	overAll(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		var admitted atomic.Int32
		n.admit = func(context.Context, *user.User) error {
			admitted.Add(1)

			return nil
		}
		n.gw.PauseClients()
		gone, asks := dial(t), dial(t)
		gone.send(helloFrame("alice"))
		asks.send(helloFrame("bob"))
		f := ask(1)
		f.ID = 0
		asks.send(f)
		eventually(t, func() bool { return len(n.gw.wheel.all()) == 2 })
		n.waitPaused(t)
		gone.io.close()
		asks.io.close()
		n.gw.ResumeClients()
		n.wantLeft(t, "bob", user.Left)
		eventually(t, func() bool { return len(n.gw.wheel.all()) == 0 })
		if got := n.handled.Load(); got != 1 {
			t.Errorf("%d requests of a client that has said something were handled", got)
		}
		if got := admitted.Load(); got != 1 && runtime.GOOS == "linux" {
			t.Errorf("%d logins were admitted, want that of bob", got)
		}
	})
}

func TestAConnectionThatEndsDuringAPauseIsReadToItsEnd(t *testing.T) {
	overAll(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		n.gw.PauseClients()
		before := n.handled.Load()
		const requests = 20
		for i := range requests {
			f := ask(i)
			f.ID = 0 // no response, which would find the connection closed
			c.send(f)
		}
		n.waitPaused(t)
		c.io.close()
		n.gw.ResumeClients()
		n.wantLeft(t, "alice", user.Left)
		if got := n.handled.Load() - before; got != requests {
			t.Errorf("%d of %d requests were handled", got, requests)
		}
	})
}

func TestASessionCanEndDuringAPause(t *testing.T) {
	overAll(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		alice, bob, carol := dial(t), dial(t), dial(t)
		alice.login("alice")
		bob.login("bob")
		n.gw.PauseClients()
		alice.send(ask(1)) // bob sends nothing
		carol.send(helloFrame("carol"))
		eventually(t, func() bool {
			waiting := 0
			for _, s := range n.gw.wheel.all() {
				s.mu.Lock()
				if s.pause != nil || s.turn.Suspended() {
					waiting++
				}
				s.mu.Unlock()
			}

			return waiting == 2
		})
		n.user(t, "alice").Disconnect()
		alice.wantGoodbye(wire.GoodbyeRemoved)
		alice.io.close()
		n.wantLeft(t, "alice", user.Removed)
		drained := make(chan error, 1)
		go func() { drained <- n.gw.Drain(t.Context()) }()
		bob.wantGoodbye(wire.GoodbyeStopping)
		bob.io.close()
		carol.wantGoodbye(wire.GoodbyeStopping)
		carol.io.close()
		n.wantLeft(t, "bob", user.Stopping)
		if err := <-drained; err != nil {
			t.Error(err)
		}
		n.gw.ResumeClients()
	})
}

func TestPauseAndResumeMayComeAtAnyMoment(t *testing.T) {
	var stopped atomic.Bool // as a process that was, until ResumeClients
	overAll(t, Config{Running: func() bool { return !stopped.Load() }}, func(t *scene, n *node, dial func(testing.TB) *client) {
		const clients, each = 10, 300
		over := make(chan struct{})
		var holder, all sync.WaitGroup
		holder.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				switch rand.IntN(3) {
				case 0:
					n.gw.PauseClients()
				case 1:
					stopped.Store(true)
				}
				time.Sleep(rand.N(time.Millisecond)) // not to wait for anything
				stopped.Store(false)
				n.gw.ResumeClients()
				time.Sleep(rand.N(time.Millisecond))
			}
		})
		for i := range clients {
			all.Go(func() {
				c := dial(t)
				c.login("user" + number(i))
				go func() {
					for k := range each {
						_ = c.io.send(wire.AppendBody(nil, ask(k+1)))
					}
				}()
				for k := range each {
					c.wantEcho(uint32(k+1), number(k+1))
				}
			})
		}
		all.Wait()
		close(over)
		holder.Wait()
	})
}

func TestAProcessThatWasStoppedHandlesNothingUntilResume(t *testing.T) {
	var stopped atomic.Bool
	overAll(t, Config{Running: func() bool { return !stopped.Load() }}, func(t *scene, n *node, dial func(testing.TB) *client) {
		stopped.Store(false)
		c, late := dial(t), dial(t)
		c.login("alice")
		before := n.handled.Load()
		stopped.Store(true)
		c.send(ask(1))
		c.send(ask(2))
		late.send(helloFrame("bob"))
		n.waitPaused(t)
		stopped.Store(false) // the cluster knows of the gap; it has not been asked yet
		c.send(ask(3))
		if got := n.handled.Load(); got != before || n.users.Count() != 1 {
			t.Errorf("%d requests were handled, %d users are there", got-before, n.users.Count())
		}
		n.gw.ResumeClients()
		for i := range 3 {
			c.wantEcho(uint32(i+1), number(i+1))
		}
		late.welcome("bob")
	})
}

func TestRunningIsAskedOnceForEachRead(t *testing.T) {
	var asked atomic.Int64
	n := newNode(t, Config{Running: func() bool { asked.Add(1); return true }})
	n.router.Builtin(1, 1, func(req command.Request) { req.Answer(wire.StatusOK, req.Payload) })
	n.listen(t)
	c := n.dialTCP(t)
	c.login("alice")
	const frames = 100
	var all []byte
	for i := range frames {
		f := ask(2 * (i + 1))
		f.ID = uint32(i + 1)
		all = wire.AppendFrame(all, f)
	}
	before := asked.Load()
	if _, err := c.io.(*tcpBodies).conn.Write(all); err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		c.wantEcho(uint32(i+1), number(2*(i+1)))
	}
	if got := asked.Load() - before; got < 1 || got > 5 { // the system may have made several reads of it
		t.Errorf("it was asked %d times for %d frames in one write", got, frames)
	}
}

func TestAnAnswerOfRunningOlderThanResumePausesNoClient(t *testing.T) {
	g := &Gateway{}
	asked := 0
	g.cfg.Running = func() bool {
		asked++
		if asked == 1 { // between the clock's reading and the return the cluster has been asked
			g.ResumeClients()

			return false
		}

		return true
	}
	if g.clientsPaused() || asked != 2 {
		t.Errorf("clients are paused, after %d answers", asked)
	}
	g.cfg.Running = func() bool { return false }
	if !g.clientsPaused() || !g.clientPause.active.Load() {
		t.Error("clients are not paused")
	}
}

func TestTheHelloTimeoutStandsStillDuringAPause(t *testing.T) {
	inVirtualTime(t, Config{}, nil, func(t *scene, n *node) {
		early, late, silent := n.pipe(t), n.pipe(t), n.pipe(t)
		time.Sleep(time.Second)
		n.gw.PauseClients()
		time.Sleep(3 * time.Second)
		early.send(helloFrame("early"))
		time.Sleep(6 * time.Second) // longer than a hello may take, shorter than a login
		n.gw.ResumeClients()
		released := time.Now()
		early.want(wire.KindWelcome)
		time.Sleep(4 * time.Second)
		late.login("late")
		<-silent.closed
		if d := time.Since(released); d != defaultHelloTimeout+lingerTimeout {
			t.Errorf("a connection without a hello was closed %v after Release", d)
		}
	})
}

func TestALoginWaitsForResumeAtMostTheAdmitTimeout(t *testing.T) {
	inVirtualTime(t, Config{}, nil, func(t *scene, n *node) {
		n.gw.PauseClients()
		c := n.pipe(t)
		c.send(helloFrame("alice"))
		begin := time.Now()
		f := c.want(wire.KindGoodbye)
		if after, ok := wire.ParseReconnect(f.Payload); wire.Goodbye(f.Cmd) != wire.GoodbyeStopping || !ok || after >= reconnectSpread {
			t.Errorf("goodbye %d %q", f.Cmd, f.Payload)
		}
		if d := time.Since(begin); d != admitTimeout {
			t.Errorf("after %v", d)
		}
	})
}

func TestNoClientIsClosedForSilenceDuringAPause(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: beat}, nil, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		n.gw.PauseClients()
		time.Sleep(5 * beat)
		synctest.Wait()
		pings := len(c.frames)
		if n.gw.Sessions() != 1 || pings < 3 {
			t.Errorf("%d sessions, %d pings", n.gw.Sessions(), pings)
		}
		n.gw.ResumeClients()
		released := time.Now()
		for f := range c.frames {
			if f.Kind == wire.KindGoodbye {
				break
			}
		}
		if d := time.Since(released); d < 2*beat || d > 2*beat+beat/4 {
			t.Errorf("the silent client was sent away %v after Release", d)
		}
		n.wantLeft(t, "alice", user.Left)
	})
}

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
