package dm_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
)

const allBound = 64 << 10 // messages of one user to all peers

// gate holds the receive callbacks of one user while it is shut.
type gate struct {
	who  string
	shut atomic.Pointer[chan struct{}]
}

func (g *gate) set(m *dm.Module) {
	m.SetOnReceiveMessage(func(_ uint8, _ uint16, _ []byte, _ string, to *user.User) bool {
		if wait := g.shut.Load(); wait != nil && to.ID == g.who {
			<-*wait
		}

		return true
	})
}

func (g *gate) close() {
	wait := make(chan struct{})
	g.shut.Store(&wait)
}

func (g *gate) open() { close(*g.shut.Swap(nil)) }

func TestAUserWhoEndsAChannelOverAndOverHoldsNoMoreThanItsBound(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		body := []byte(strings.Repeat("x", 60000))
		for _, between := range []bool{false, true} {
			alice.sends("bob", "hi", nil)
			bob.stalled = true
			var out tally
			for range 5000 {
				if between {
					alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("x"), out.add)
				}
				alice.node.dm.ClearCacheByUserID(alice.u, "bob", 2, 12, body)
			}
			r, err := alice.node.dm.Disconnect(c.t.Context(), alice.u, "bob", dm.Message{Ver: 2, Cmd: 12, Body: body})
			if err != nil || r != (dm.Receipt{}) {
				t.Errorf("the end of what is ended: %v, %v", r, err)
			}
			if h := alice.node.dm.Holds(); h.Items > itemBound+1 || h.Bytes > byteBound || !between && h.Items != 1 {
				t.Errorf("%d messages of %d bytes wait", h.Items, h.Bytes)
			}
			bob.unstall()
			time.Sleep(10 * time.Second)
			alice.sends("bob", "recovered", nil)
			if h := alice.node.dm.Holds(); h.Items != 0 || h.Bytes != 0 {
				t.Errorf("still %d messages of %d bytes wait", h.Items, h.Bytes)
			}
		}
	})
}

func TestAnEndIsHeardOfThoughItsMessageFindsNoRoom(t *testing.T) {
	var told notes
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnClearCache(func(gone string, stayer *user.User) { told.addf("%s hears that %s is gone", stayer.ID, gone) })
	}, func(c *cluster) {
		alice, bob, carol := c.login("alice", 0), c.login("bob", 1), c.login("carol", 1)
		alice.sends("bob", "hi", nil)
		alice.sends("carol", "hi", nil)
		carol.stalled = true
		var out tally
		body := []byte(strings.Repeat("x", 60000))
		for range byteBound / len(body) {
			alice.node.dm.SendMessageByUserID(alice.u, "carol", 2, 11, body, out.add)
		}
		synctest.Wait()
		r, err := alice.node.dm.Disconnect(c.t.Context(), alice.u, "bob", dm.Message{Ver: 2, Cmd: 12, Body: body})
		if describe(err) != "overloaded" || r != (dm.Receipt{}) {
			t.Errorf("%v, %v; the channel stays", r, err)
		}
		alice.has("bob@n2 carol@n2")
		alice.node.dm.ClearCacheByUserID(alice.u, "bob", 2, 12, body)
		told.are(t, "bob hears that alice is gone")
		alice.has("carol@n2")
		carol.unstall()
		bob.hears("2.11 hi")
	})
}

func TestAUserWhoWritesToEverybodyHoldsNoMoreThanItsBound(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		c.nodes[0].asked.hold()
		var out tally
		for i := range allBound + 1000 {
			alice.node.dm.SendMessageByUserID(alice.u, fmt.Sprint("nobody ", i), 2, 11, []byte("x"), out.add)
		}
		if h := alice.node.dm.Holds(); h.Items != allBound {
			t.Errorf("%d messages wait, the bound is %d", h.Items, allBound)
		}
		c.nodes[0].asked.release()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := out.are(); got != fmt.Sprintf("map[overloaded:1000 user not found:%d]", allBound) {
			t.Errorf("outcomes %s", got)
		}
		alice.sends("bob", "recovered", nil)
		bob.hears("2.11 recovered")
	})
}

func TestConnectsAndEndsForAUserWhoseCallbacksBlockAreBounded(t *testing.T) {
	g := gate{who: "bob"}
	inCluster(t, 2, g.set, func(c *cluster) {
		const senders = 200
		bob := c.login("bob", 1)
		var all []*person
		for i := range senders {
			p := c.login(fmt.Sprint("s", i), i%2)
			all = append(all, p)
			p.sends("bob", "open", nil)
		}
		g.close()
		body := []byte(strings.Repeat("x", 60000))
		var wg sync.WaitGroup
		for range 3 * laneBound / senders {
			for _, p := range all {
				wg.Go(func() { _, _ = p.node.dm.Connect(context.Background(), p.u, "bob") })
				p.node.dm.ClearCacheByUserID(p.u, "bob", 2, 12, body)
				p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, body, nil)
				p.node.dm.ClearCacheByUserID(p.u, "bob", 2, 12, body)
			}
			time.Sleep(4 * time.Second) // longer than the reliable timeout: whatever waits at its sender is given up
			h := c.nodes[1].dm.Holds()
			if h.Arrived > laneBound+senders || h.ArrivedBytes > byteBound+len(body) {
				t.Fatalf("%d items of %d bytes wait for bob's callbacks", h.Arrived, h.ArrivedBytes)
			}
		}
		g.open()
		wg.Wait()
		time.Sleep(5 * time.Second)
		for i, p := range all {
			p.sends("bob", fmt.Sprint("recovered ", i), nil)
		}
		if h := c.nodes[1].dm.Holds(); h.Arrived != 0 || h.ArrivedBytes != 0 {
			t.Errorf("still %d items of %d bytes wait", h.Arrived, h.ArrivedBytes)
		}
		if bob.u.Closed() {
			t.Error("bob is gone")
		}
	})
}

func TestAtItsBoundsAUserHoldsLittleMemory(t *testing.T) {
	if testkit.Race {
		t.Skip("the race detector takes memory of its own")
	}
	const mib = 1 << 20
	g := gate{who: "bob"}
	for _, tc := range []struct {
		name  string
		most  int // MiB, at the sender's node and the recipient's together
		after int // MiB, when all is over: tables that have grown
		flood func(c *cluster, alice *person, others []*person)
	}{
		{"a sender of long messages", 20, 1, func(_ *cluster, alice *person, _ []*person) {
			body := make([]byte, 60000)
			for range 1000 {
				alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, body, nil)
			}
		}},
		{"a thousand senders of short ones", 6, 2, func(_ *cluster, _ *person, others []*person) {
			for range 10 {
				for _, p := range others {
					p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, []byte("x"), nil)
				}
			}
		}},
		{"a thousand senders of long ones", 24, 2, func(_ *cluster, _ *person, others []*person) {
			body := make([]byte, 60000)
			for _, p := range others {
				p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, body, nil)
			}
		}},
		{"a sender to everybody", 80, 16, func(c *cluster, alice *person, _ []*person) {
			alice.node.asked.hold()
			for i := range allBound + 1000 {
				alice.node.dm.SendMessageByUserID(alice.u, fmt.Sprint("nobody ", i), 2, 11, []byte("x"), nil)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inCluster(t, 2, g.set, func(c *cluster) {
				alice, bob := c.login("alice", 0), c.login("bob", 1)
				others := make([]*person, 1000)
				for i := range others {
					others[i] = c.login(fmt.Sprint("s", i), i%2)
					others[i].sends("bob", "open", nil)
				}
				alice.sends("bob", "open", nil)
				before := testkit.Heap()
				g.close()
				tc.flood(c, alice, others)
				time.Sleep(time.Second)
				renew := func() { // the connection's memory goes with it
					c.breakLink(c.nodes[0], c.nodes[1])
					time.Sleep(100 * time.Millisecond)
					synctest.Wait()
				}
				renew()
				held := testkit.Heap() - before
				if held > tc.most*mib {
					t.Errorf("%.1f MiB are held, at most %d are stated", float64(held)/mib, tc.most)
				}
				alice.node.asked.release()
				g.open()
				time.Sleep(10 * time.Second)
				renew()
				bob.mu.Lock()
				bob.heard = nil
				bob.mu.Unlock()
				left := testkit.Heap() - before
				t.Logf("%.1f MiB are held, and %.1f MiB when all is over", float64(held)/mib, float64(left)/mib)
				if left > tc.after*mib {
					t.Errorf("%.1f MiB are still held when all is over", float64(left)/mib)
				}
			})
		})
	}
}
