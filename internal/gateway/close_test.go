package gateway

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestCloseTellsTheClientAndTheNodeWhy(t *testing.T) {
	for code, want := range map[uint16]struct {
		why   user.Reason
		cause Cause
	}{
		1001: {user.Stopping, CauseStopping}, 1003: {user.Left, CauseSlow}, 2002: {user.Replaced, CauseReplaced},
		2005: {user.Removed, CauseRemoved}, 3000: {user.Left, CauseOther},
	} {
		overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
			c := dial(t)
			c.login("alice")
			u := n.user(t, "alice")
			sessions.Of(u).Close(code, "the reason")
			sessions.Of(u).Close(2005, "another reason") // too late
			if text := c.wantGoodbye(wire.Goodbye(code)); text != "the reason" {
				t.Errorf("%q", text)
			}
			n.wantLeft(t, "alice", want.why)
			if ended := n.gw.Stats().Ended; ended[want.cause] != 1 {
				t.Errorf("%v", ended)
			}
		})
	}
}

func TestDisconnectIsGoodbye2005(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		n.user(t, "alice").Disconnect()
		c.wantGoodbye(wire.GoodbyeRemoved)
		n.wantLeft(t, "alice", user.Removed)
	})
}

func TestANewerLoginReplacesTheOlder(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		first, second := dial(t), dial(t)
		first.login("alice")
		second.login("alice")
		first.wantGoodbye(wire.GoodbyeReplaced)
		n.wantLeft(t, "alice", user.Replaced)
		second.wantAlive()
	})
}

func TestWhatWasQueuedIsWrittenBeforeTheGoodbye(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		u := n.user(t, "alice")
		var d tally
		for range 100 {
			if err := sessions.Of(u).Push(2, 2, make([]byte, 5000), true, &d); err != nil {
				t.Fatal(err)
			}
		}
		u.Disconnect()
		for range 100 {
			if f := c.next(); f.Kind != wire.KindPush {
				t.Fatalf("%v %q", f.Kind, f.Payload)
			}
		}
		c.wantGoodbye(wire.GoodbyeRemoved)
		if d.ok.Load() != 100 {
			t.Errorf("%d were reported as delivered", d.ok.Load())
		}
	})
}

func TestALoginThatIsReplacedWhileItIsAnnounced(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		announcing := make(chan *user.User)
		var d tally
		n.admit = func(ctx context.Context, u *user.User) error {
			if err := sessions.Of(u).Push(2, 2, []byte("early"), true, &d); err != nil {
				t.Error(err)
			}
			announcing <- u
			<-ctx.Done() // ends because the session does

			return nil // but it had been announced
		}
		c := dial(t)
		c.send(helloFrame("alice"))
		sessions.Of(<-announcing).Close(2002, "newer login")
		c.wantGoodbye(wire.GoodbyeReplaced)
		n.wantLeft(t, "alice", user.Replaced)
		if d.gone.Load() != 1 || d.ok.Load() != 0 {
			t.Errorf("the early push: %d delivered, %d gone", d.ok.Load(), d.gone.Load())
		}
	})
}

func TestPushesOfAnAnnouncedLoginComeBehindTheWelcome(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		var d tally
		n.admit = func(_ context.Context, u *user.User) error {
			for i := range 100 {
				if err := sessions.Of(u).Push(2, 2, []byte(number(i)), true, &d); err != nil {
					t.Error(err)
				}
			}
			if d.all() != 0 {
				t.Error("reported before it was written")
			}

			return nil
		}
		c := dial(t)
		c.login("alice")
		for i := range 100 {
			if f := c.next(); f.Kind != wire.KindPush || string(f.Payload) != number(i) {
				t.Fatalf("%v %q, want push %d", f.Kind, f.Payload, i)
			}
		}
	})
}

func TestARefusedLoginGetsTheNodesGoodbyeAndHasNotLeft(t *testing.T) {
	for _, row := range []struct {
		err  error
		code wire.Goodbye
		text string
	}{
		{&Refusal{Code: wire.GoodbyeRemoved, Text: "banned"}, wire.GoodbyeRemoved, "banned"},
		{&Refusal{Code: wire.GoodbyeStopping, After: 1500 * time.Millisecond}, wire.GoodbyeStopping, `{"reconnect_in_ms":`},
		{errors.Join(errors.New("wrapped"), &Refusal{Code: wire.GoodbyeReplaced, Text: "newer"}), wire.GoodbyeReplaced, "newer"},
		{errors.New("cut off"), wire.GoodbyeStopping, `{"reconnect_in_ms":`},
	} {
		overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
			n.admit = func(context.Context, *user.User) error { return row.err }
			c := dial(t)
			c.send(helloFrame("alice"))
			text := c.wantGoodbye(row.code)
			if !strings.HasPrefix(text, row.text) {
				t.Errorf("%q, want %q", text, row.text)
			}
			if r, ok := errors.AsType[*Refusal](row.err); ok && r.After > 0 { // spread
				if after, _ := wire.ParseReconnect([]byte(text)); after < r.After || after > 3*r.After {
					t.Errorf("come back after %v, want %v to %v", after, r.After, 3*r.After)
				}
			}
			if len(n.gone) > 0 {
				t.Error("a user who was never admitted has left")
			}
		})
	}
}

// TestCloseMayComeAtAnyMoment closes sessions from several goroutines while they log in, ask, are
// pushed to and go.
func TestCloseMayComeAtAnyMoment(t *testing.T) {
	overBoth(t, Config{QueueBytes: 150_000}, func(t *scene, n *node, dial func(testing.TB) *client) {
		started := make(chan *user.User, 100)
		n.admit = func(_ context.Context, u *user.User) error {
			started <- u

			return nil
		}
		const rounds = 60
		var all sync.WaitGroup
		var d tally
		var pushed tally
		for i := range rounds {
			c := dial(t)
			if err := c.io.send(wire.AppendBody(nil, helloFrame("user "+number(i)))); err != nil {
				t.Fatal(err)
			}
			u := <-started
			all.Go(func() { // the client
				for range 20 {
					if c.io.send(wire.AppendBody(nil, request(1, uint16(1+i%2), "x"))) != nil {
						return
					}
				}
				if i%5 == 0 {
					c.io.close()
				}
			})
			all.Go(func() { // the reader of what comes
				for {
					if _, err := c.io.receive(); err != nil {
						return
					}
				}
			})
			all.Go(func() {
				for range 200 {
					if sessions.Of(u).Push(2, 2, make([]byte, 1000), true, &d) == nil {
						pushed.ok.Add(1)
					}
				}
			})
			for k := range 3 {
				all.Go(func() {
					for range (i*7 + k*13) % 40 {
						runtime.Gosched()
					}
					sessions.Of(u).Close(2005, "closed in the race")
				})
			}
		}
		all.Wait()
		for range rounds {
			<-n.gone
		}
		testkit.Eventually(t, "all pushes have outcomes", func() bool { return d.all() == pushed.ok.Load() })
	})
}

func TestAFloodBehindTheGoodbyeIsReadSlowly(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	conn := c.io.(*tcpBodies).conn
	chunk := bytes.Repeat([]byte{0xff}, 1<<20) // the first length is none
	begin, sent := time.Now(), 0
	for {
		k, err := conn.Write(chunk)
		sent += k
		if err != nil {
			break
		}
	}
	const kernel = 32 << 20 // buffers of both sides, at most
	if most := freeDiscard + int(lingerTimeout/discardPause)*(2*wire.DefaultMaxMessage) + kernel; sent > most {
		t.Errorf("%d MiB are read in %v", sent>>20, time.Since(begin))
	}
	t.Logf("%d MiB in %v", sent>>20, time.Since(begin))
	n.wantLeft(t, "alice", user.Left)
}
