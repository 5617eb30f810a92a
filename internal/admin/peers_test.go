package admin_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/admin"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/overview"
)

// network carries packets between the nodes of a test.
type network struct {
	mu    sync.Mutex
	nodes map[node.ID]*admin.Peers // guarded by mu
	lost  map[node.ID]bool         // guarded by mu; packets to it are lost
}

// links is one node's end.
type links struct {
	net  *network
	self node.ID
}

func (l links) Self() node.ID { return l.self }

func (l links) Send(to node.ID, packet []byte) error {
	l.net.mu.Lock()
	p, lost := l.net.nodes[to], l.net.lost[to]
	l.net.mu.Unlock()
	switch {
	case lost:
		return nil
	case p == nil:
		return node.ErrNoNode
	}
	go p.HandlePacket(l.self, packet)

	return nil
}

// host is a node of a test, with one session.
type host struct {
	id     node.ID
	sid    node.SID
	bans   admin.Bans
	kicked atomic.Bool
	hold   chan struct{} // if not nil, Node waits for it
	older  bool          // it has no overview
}

func (h *host) Session(sid node.SID) (admin.Session, bool) {
	return admin.Session{User: h.user(), SID: sid.String()}, sid == h.sid && !h.kicked.Load()
}

func (h *host) user() string { return "user of " + h.id.Name }

func (h *host) Kick(sid node.SID) bool { return sid == h.sid && !h.kicked.Swap(true) }

func (h *host) Ban(b admin.Ban) (bool, error) { return b.User == h.user() && b.For > 0, h.bans.Set(b) }

func (h *host) Bans() []admin.Ban { return h.bans.PassOn() }

func (h *host) Overview(after uint64) *overview.Node {
	if h.older {
		return nil
	}

	return &overview.Node{ID: h.id.String(), Ready: true, Views: []overview.View{{Number: after + 1}}}
}

func (h *host) Node() admin.Node {
	if h.hold != nil {
		<-h.hold
	}

	return admin.Node{ID: h.id.String(), Ready: true}
}

// world is some nodes that can reach each other.
type world struct {
	net    *network
	ids    []node.ID
	hosts  []*host
	peers  []*admin.Peers
	probed atomic.Int64
}

func newWorld(t *testing.T, n int) *world {
	t.Helper()
	w := &world{net: &network{nodes: map[node.ID]*admin.Peers{}, lost: map[node.ID]bool{}}}
	for i := range n {
		id := node.ID{Name: fmt.Sprint("n", i+1), Incarnation: uint64(i + 1)}
		h := &host{id: id, sid: node.HashSID(id.Name)}
		p := admin.New(links{w.net, id}, h, func(time.Duration) { w.probed.Add(1) }, slog.New(slog.DiscardHandler))
		t.Cleanup(p.Stop)
		w.ids, w.hosts, w.peers = append(w.ids, id), append(w.hosts, h), append(w.peers, p)
		w.net.nodes[id] = p
	}

	return w
}

func TestANodeAnswersForItsSessions(t *testing.T) {
	w := newWorld(t, 2)
	for _, from := range w.peers { // the other node, and itself
		got, err := from.Sessions(t.Context(), w.ids[0], []node.SID{w.hosts[1].sid, w.hosts[0].sid})
		if err != nil || len(got) != 1 || got[0].User != "user of n1" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	for _, want := range []bool{true, false} {
		if done, err := w.peers[1].Kick(t.Context(), node.Place{Node: w.ids[0], SID: w.hosts[0].sid}); done != want || err != nil {
			t.Errorf("kicked: %v, %v, want %v", done, err, want)
		}
	}
}

func TestABanIsKeptByEveryNode(t *testing.T) {
	w := newWorld(t, 3)
	for user, want := range map[string]bool{"user of n3": true, "zed": false} {
		if removed, err := w.peers[0].Ban(t.Context(), w.ids, admin.Ban{User: user, For: time.Hour}); removed != want || err != nil {
			t.Errorf("%s: %v, %v", user, removed, err)
		}
	}
	for _, h := range w.hosts {
		if until, banned := h.bans.Until("zed"); !banned || time.Until(until) > time.Hour || time.Until(until) < 59*time.Minute {
			t.Errorf("%s: %v %v", h.id, until, banned)
		}
	}
	if _, err := w.peers[1].Ban(t.Context(), w.ids, admin.Ban{User: "zed"}); err != nil {
		t.Error(err)
	}
	for _, h := range w.hosts {
		if _, banned := h.bans.Until("zed"); banned {
			t.Errorf("%s: still banned", h.id)
		}
	}
}

func TestANodeThatEntersGetsAllBans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		const many = 250
		for i := range many {
			if err := w.hosts[0].bans.Set(admin.Ban{User: fmt.Sprint(i), For: time.Hour}); err != nil {
				t.Fatal(err)
			}
		}
		w.peers[0].NodeUp(w.ids[1])
		synctest.Wait()
		if n := len(w.hosts[1].bans.List()); n != many {
			t.Errorf("%d of %d", n, many)
		}
		time.Sleep(time.Hour)
		if n := len(w.hosts[1].bans.List()); n != 0 {
			t.Errorf("%d are not over", n)
		}
	})
}

func TestANodeThatDoesNotAnswerEndsTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.net.lost[w.ids[1]] = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.peers[0].Sessions(ctx, w.ids[1], nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := w.peers[0].Ban(ctx, w.ids, admin.Ban{User: "zed", For: time.Hour}); err == nil {
			t.Error("a ban that one node does not know of counts")
		}
		nodes := w.peers[0].Nodes(ctx, w.ids)
		if !nodes[0].Ready || nodes[1].Ready || nodes[1].Reason != "the node does not answer" || nodes[1].ID != w.ids[1].String() {
			t.Errorf("%+v", nodes)
		}
		if _, err := w.peers[0].Sessions(t.Context(), node.New("elsewhere"), nil); !errors.Is(err, admin.ErrNoAnswer) {
			t.Error(err)
		}
		ended := make(chan error)
		for _, end := range []func(){func() { w.peers[0].NodeDown(w.ids[1]) }, w.peers[0].Stop} {
			go func() {
				_, err := w.peers[0].Sessions(t.Context(), w.ids[1], nil)
				ended <- err
			}()
			synctest.Wait()
			end()
			if err := <-ended; !errors.Is(err, admin.ErrNoAnswer) {
				t.Error(err)
			}
		}
	})
}

func TestRequestsBeyondTheBoundAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.hosts[1].hold = make(chan struct{})
		const asked = 1100
		var answered atomic.Int64
		var all sync.WaitGroup
		for range asked {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if n := w.peers[0].Nodes(ctx, w.ids[1:]); n[0].Ready {
					answered.Add(1)
				}
			})
		}
		synctest.Wait()
		close(w.hosts[1].hold)
		all.Wait()
		if n := answered.Load(); n != 1025 { // one is being answered
			t.Errorf("%d of %d were answered", n, asked)
		}
	})
}

func TestProbesComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.peers[0].Probe(w.ids)
		synctest.Wait()
		if n := w.probed.Load(); n != 2 {
			t.Errorf("%d", n)
		}
	})
}

func TestBytesThatAreNoPacketAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		for _, packet := range []string{"", "\x01", "\x01\x00\x00\x00\x00\x00\x00\x00\x01{", "\x02\x00\x00\x00\x00\x00\x00\x00\x01[]", "\x04\x00\x00\x00\x00\x00\x00\x00\x01a", "\xff\x00\x00\x00\x00\x00\x00\x00\x01"} {
			w.peers[0].HandlePacket(w.ids[1], []byte(packet))
		}
		synctest.Wait()
		if nodes := w.peers[1].Nodes(t.Context(), w.ids); !nodes[0].Ready || w.probed.Load() != 0 {
			t.Errorf("%+v, %d probes", nodes, w.probed.Load())
		}
	})
}
