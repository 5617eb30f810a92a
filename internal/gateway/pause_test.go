package gateway

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// waitPaused waits until the readers of all sessions wait for ResumeClients, with input to handle.
func (n *node) waitPaused(tb testing.TB) {
	tb.Helper()
	testkit.Eventually(tb, "all readers wait", func() bool {
		return !slices.ContainsFunc(n.gw.wheel.all(), func(s *session) bool {
			s.mu.Lock()
			defer s.mu.Unlock()

			return s.pause == nil && !s.turn.Suspended()
		})
	})
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
		testkit.Eventually(t, "a session is there", func() bool { return len(n.gw.wheel.all()) == 1 })
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
		testkit.Eventually(t, "both sessions are there", func() bool { return len(n.gw.wheel.all()) == 2 })
		n.waitPaused(t)
		gone.io.close()
		asks.io.close()
		n.gw.ResumeClients()
		n.wantLeft(t, "bob", user.Left)
		testkit.Eventually(t, "no session is left", func() bool { return len(n.gw.wheel.all()) == 0 })
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
		testkit.Eventually(t, "the clients wait", func() bool {
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
		end := pauseAtRandom(n, &stopped, time.Millisecond)
		var all sync.WaitGroup
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
		end()
	})
}

// pauseAtRandom pauses and resumes clients, and stops the process as far as Config.Running knows,
// again and again, each for a random time, until end is called.
func pauseAtRandom(n *node, stopped *atomic.Bool, longest time.Duration) (end func()) {
	over := make(chan struct{})
	var pauses sync.WaitGroup
	pauses.Go(func() {
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
			time.Sleep(rand.N(longest)) // not to wait for anything
			stopped.Store(false)
			n.gw.ResumeClients()
			time.Sleep(rand.N(longest))
		}
	})

	return func() {
		close(over)
		pauses.Wait()
	}
}
