package operator_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/locate"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/operator"
	"github.com/parley-dm/parley/internal/overview"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit/onenode"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// world is some nodes that can reach each other, in the virtual time of a synctest bubble.
type world struct {
	t     *testing.T
	nodes []*host

	mu   sync.Mutex
	lost map[node.ID]bool // guarded by mu; packets to it are lost
}

// host is a node with its operator. It is the operator's cluster, directory and links.
type host struct {
	*onenode.Node

	world   *world
	op      *operator.Operator
	lookups *locate.Lookups
	log     *slog.Logger

	member atomic.Bool // it takes users
	out    atomic.Bool // it is no member of the others' views
	sent   atomic.Int64
	places func(userID string) (node.Place, error) // instead of the world's; nil: the world's
	hold   chan struct{}                           // if not nil, the program decides about messages when it is closed
	moving sync.Map                                // *user.User by node.SID: logins and farewells under way
}

// inWorld runs a test with n nodes, named n1 and so on, that are all members.
func inWorld(t *testing.T, n int, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		w := &world{t: t, lost: make(map[node.ID]bool)}
		for range n {
			w.add().member.Store(true)
		}
		test(w)
	})
}

// add adds a node, which takes no users yet.
func (w *world) add() *host {
	w.t.Helper()
	h := &host{world: w, log: slog.New(slog.DiscardHandler)}
	h.Node = onenode.New(w.t, fmt.Sprint("n", len(w.nodes)+1), func(n *onenode.Node) {
		n.DM.SetOnReceiveMessage(func(uint8, uint16, []byte, string, *user.User) bool {
			if h.hold != nil {
				<-h.hold
			}

			return true
		})
	})
	h.lookups = locate.New(noAsker{})
	h.op = operator.New(operator.Config{
		DM: h.DM, Users: h.Users, Lookups: h.lookups, Cluster: h, Log: h.log,
		Find: func(sid node.SID) *user.User {
			if u, ok := h.moving.Load(sid); ok {
				return u.(*user.User)
			}

			return h.Users.BySID(sid.String())
		},
		Ready:      h.ready,
		TakesUsers: h.member.Load,
		Overview:   func(uint64) *overview.Node { return &overview.Node{ID: h.ID.String(), Ready: h.member.Load()} },
	})
	h.op.Join(h, h)
	w.t.Cleanup(h.op.Stop)
	w.nodes = append(w.nodes, h)

	return h
}

func (h *host) ready() error {
	if !h.member.Load() {
		return errors.New("it has not joined")
	}

	return nil
}

// Self implements operator.Cluster and admin.Links.
func (h *host) Self() node.ID { return h.ID }

// Members implements operator.Cluster.
func (h *host) Members() []node.ID {
	var all []node.ID
	for _, other := range h.world.nodes {
		if other.member.Load() && !other.out.Load() {
			all = append(all, other.ID)
		}
	}

	return all
}

// Send implements admin.Links.
func (h *host) Send(to node.ID, packet []byte) error {
	h.sent.Add(1)
	h.world.mu.Lock()
	lost := h.world.lost[to]
	h.world.mu.Unlock()
	i := slices.IndexFunc(h.world.nodes, func(other *host) bool { return other.ID == to })
	switch {
	case i < 0:
		return node.ErrNoNode
	case !lost:
		go h.world.nodes[i].op.HandlePacket(h.ID, slices.Clone(packet))
	}

	return nil
}

// lose has all packets to a node be lost.
func (w *world) lose(to *host) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost[to.ID] = true
}

// Lookup implements locate.Directory.
func (h *host) Lookup(userID string, token uint64) {
	find := h.world.place
	if h.places != nil {
		find = h.places
	}
	switch at, err := find(userID); {
	case err != nil:
		h.lookups.LookupFailed(token)
	case at.Known():
		h.lookups.Located(token, at)
	default:
		h.lookups.NotFound(token)
	}
}

// Cancel implements locate.Directory.
func (h *host) Cancel(uint64) {}

// place is where a user is.
func (w *world) place(userID string) (node.Place, error) {
	for _, h := range w.nodes {
		if u := h.Users.ByUID(userID); u != nil {
			return node.Place{Node: h.ID, SID: sessions.Of(u).SID()}, nil
		}
	}

	return node.Place{}, nil
}

// noAsker has no lookups of its own.
type noAsker struct{}

func (noAsker) Located(uint64, node.Place) {}
func (noAsker) NotFound(uint64)            {}
func (noAsker) LookupFailed(uint64)        {}

// wantCode checks that an error is a problem of the API with that code.
func wantCode(t *testing.T, what string, err error, want wire.Code) {
	t.Helper()
	if p, ok := errors.AsType[*httpapi.Problem](err); !ok || p.Code != want || p.Detail == "" {
		t.Errorf("%s: %+v, want a problem with code %d", what, err, want)
	}
}
