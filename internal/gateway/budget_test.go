package gateway

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/internal/quota"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestABudgetAllowsItsRateAndFourSecondsOfBurst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Rates{Messages: rapid.Int64Range(1, 100_000).Draw(t, "messages"), Bytes: rapid.Int64Range(1, 1<<30).Draw(t, "bytes")}
		var b budget
		now, messages, bytes := time.Duration(0), 0, 0
		for range rapid.IntRange(1, 300).Draw(t, "frames") {
			now += time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(t, "pause"))
			now += max(0, b.overdraft(now)) // as the reader does
			n := rapid.IntRange(1, 100_000).Draw(t, "size")
			b.charge(r, now, 1, n)
			messages++
			bytes += n
			seconds := (now + burst).Seconds() * (1 + 1e-6)
			if float64(messages-1) > seconds*float64(r.Messages) {
				t.Fatalf("%d messages until %v at %d a second", messages, now, r.Messages)
			}
			if float64(bytes-n) > seconds*float64(r.Bytes)+1 {
				t.Fatalf("%d bytes until %v at %d a second", bytes, now, r.Bytes)
			}
		}
	})
}

func TestASessionWithoutRatesNeverWaits(t *testing.T) {
	var b budget
	for range 1000 {
		b.charge(Rates{}, time.Second, 1_000_000, 1<<30)
	}
	if d := b.overdraft(time.Second); d > 0 {
		t.Errorf("it waits for %v", d)
	}
}

// slowly sends n frames at once, and returns how long it took until all of them were answered, in
// order.
func slowly(t *scene, c *client, n int, frame func(id uint32) wire.Frame) time.Duration {
	t.Helper()
	begin := time.Now()
	go func() {
		for i := range n {
			if c.io.send(wire.AppendBody(nil, frame(uint32(i+1)))) != nil {
				return
			}
		}
	}()
	for i := range n {
		if f := c.next(); f.ID != uint32(i+1) {
			t.Fatalf("%v %d %q, want the answer to %d", f.Kind, f.ID, f.Payload, i+1)
		}
	}

	return time.Since(begin)
}

func TestAClientBeyondItsRateIsSlowedAndLosesNothing(t *testing.T) {
	kinds := map[string]func(id uint32) wire.Frame{
		"pings":            func(id uint32) wire.Frame { return wire.Frame{Kind: wire.KindPing, ID: id} },
		"requests":         func(id uint32) wire.Frame { return request(id, 1, "hello") },
		"unknown commands": func(id uint32) wire.Frame { return request(id, 99, "hello") },
	}
	for name, frame := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overBoth(t, Config{Rates: Rates{Messages: 200}, Heartbeat: 200 * time.Millisecond}, func(t *scene, n *node, dial func(testing.TB) *client) {
				c := dial(t)
				c.login("alice")
				if took := slowly(t, c, 1000, frame); took < 900*time.Millisecond {
					t.Errorf("1000 messages at 200 a second and 800 of burst took %v", took)
				}
				if st := n.gw.Stats(); st.Shaped == 0 || st.Busy > 0 {
					t.Errorf("shaped %d times, busy %d times", st.Shaped, st.Busy)
				}
			})
		})
	}
}

func TestAClientBeyondItsBytesIsSlowed(t *testing.T) {
	overBoth(t, Config{Rates: Rates{Bytes: 100_000}}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		payload := strings.Repeat("x", 10_000)
		if took := slowly(t, c, 50, func(id uint32) wire.Frame { return request(id, 99, payload) }); took < 500*time.Millisecond {
			t.Errorf("500 KB at 100 KB a second and 400 KB of burst took %v", took)
		}
		if n.gw.Stats().Shaped == 0 {
			t.Error("it was not shaped")
		}
	})
}

// An endless frame must not be read at the speed of the network either.
func TestBytesCountBeforeTheirFrameIsWhole(t *testing.T) {
	n := start(t, Config{Rates: Rates{Bytes: 20_000}, MaxMessage: 1 << 20})
	c := n.dialTCP(t)
	c.login("alice")
	go func() { _ = c.io.send(make([]byte, 1<<20)) }()
	testkit.Eventually(t, "a client is shaped", func() bool { return n.gw.Stats().Shaped > 0 })
	if got := n.gw.Stats().BytesIn; got > 80_000+2*128<<10 {
		t.Errorf("%d bytes were read", got)
	}
}

func TestAShapedClientIsPushedToAndCanLeave(t *testing.T) {
	overBoth(t, Config{Rates: Rates{Messages: 1}}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		for i := range uint32(8) {
			c.send(request(i+1, 99, ""))
		}
		testkit.Eventually(t, "a client is shaped", func() bool { return n.gw.Stats().Shaped > 0 })
		u := n.user(t, "alice")
		if err := sessions.Of(u).Push(2, 2, []byte("hi"), true, nil); err != nil {
			t.Fatal(err)
		}
		heard := c.next()
		for heard.Kind != wire.KindPush {
			heard = c.next()
		}
		go sessions.Of(u).Close(uint16(wire.GoodbyeRemoved), "removed")
		c.wantGoodbye(wire.GoodbyeRemoved)
		n.wantLeft(t, u.ID, user.Removed)
	})
}

func TestAHeldClientIsNotReadUntilAllReasonsEnd(t *testing.T) {
	overBoth(t, Config{Heartbeat: 100 * time.Millisecond}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		s := n.gw.wheel.all()[0]
		s.Hold(sessions.HoldMessages, true)
		s.Hold(sessions.HoldCommands, true)
		for i := range uint32(3) { // the first is handled: it may have been read already
			c.send(request(i+1, 99, ""))
		}
		testkit.Eventually(t, "a client is not read from", func() bool { return n.gw.Stats().Pauses > 0 })
		s.Hold(sessions.HoldMessages, false)
		heard := c.next()
		for ; heard.Kind == wire.KindPing; heard = c.next() { // heartbeats go on
			if heard.ID > 16 {
				break
			}
		}
		if heard.Kind == wire.KindResponse && heard.ID > 1 {
			t.Fatalf("request %d was answered", heard.ID)
		}
		s.Hold(sessions.HoldCommands, false)
		ids := []uint32{}
		if heard.Kind == wire.KindResponse {
			ids = append(ids, heard.ID)
		}
		for len(ids) < 3 {
			if f := c.next(); f.Kind == wire.KindResponse {
				ids = append(ids, f.ID)
			}
		}
		if !slices.Equal(ids, []uint32{1, 2, 3}) {
			t.Errorf("answers to %v", ids)
		}
	})
}

func TestClientsThatDoNotReadShareTheMemoryOfQueues(t *testing.T) {
	pool := quota.New(2 << 20)
	n := start(t, Config{Memory: pool})
	var d tally
	var clients []*client
	for i := range 30 {
		c := n.dialTCP(t)
		id := "stalled" + string(rune('a'+i))
		c.login(id)
		stall(t, n.user(t, id), &d)
		clients = append(clients, c)
	}
	if pool.Used() > pool.Limit() || pool.Used() < pool.Limit()/2 {
		t.Errorf("%d of %d bytes are used", pool.Used(), pool.Limit())
	}
	reads := n.dialTCP(t)
	reads.login("reads")
	var ok tally
	if err := sessions.Of(n.user(t, "reads")).Push(2, 2, make([]byte, 10_000), true, &ok); err != nil {
		t.Errorf("a client that reads: %v", err)
	}
	for _, c := range clients {
		c.io.close()
	}
	testkit.Eventually(t, "all memory is given back", func() bool { return pool.Used() == 0 })
}
