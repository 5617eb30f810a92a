package cluster_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/link/memnet"
	"github.com/parley-dm/parley/internal/node"
)

const secret = "a cluster secret for tests"

// world is a cluster of nodes on an in-memory network, in the virtual time of a synctest bubble.
type world struct {
	t      *testing.T
	net    *memnet.Net
	gossip *cluster.Memory
	nodes  map[string]*testNode
}

// testNode is a node with a directory and a host that only take notes.
type testNode struct {
	*cluster.Cluster

	host *memnet.Host

	mu     sync.Mutex
	view   []string // guarded by mu; as the directory was told
	ahead  []string // guarded by mu
	downs  []string // guarded by mu; as the host was told
	ended  []string // guarded by mu; as the host was told, with the reason
	paused int      // guarded by mu
	outs   int      // guarded by mu
	failed error    // guarded by mu
}

func inWorld(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, gossip: cluster.NewMemory(), nodes: make(map[string]*testNode),
			net: memnet.New(memnet.Options{Delay: func(_, _ string) time.Duration { return time.Millisecond }}),
		}
		test(w)
		for _, n := range w.nodes {
			n.stop(t)
		}
	})
}

// make makes a node that joins all of these.
func (w *world) make(name string, join []string, change func(*cluster.Config)) *testNode {
	w.t.Helper()
	began := time.Now()
	n := &testNode{host: w.net.Host(name)}
	cfg := cluster.Config{
		Node: name, Addr: name + ":1", Secret: secret, Network: n.host, Discovery: w.gossip.Node(), Gate: n.host.Gate,
		Resolve: func(_ context.Context, host string) ([]string, error) { return []string{host}, nil },
		Clock:   func() time.Duration { return time.Since(began) },
	}
	for _, j := range join {
		cfg.Join = append(cfg.Join, j+":1")
	}
	if change != nil {
		change(&cfg)
	}
	c, err := cluster.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	n.Cluster = c
	c.SetDirectory(n)
	c.SetHost(hostOf{n})
	w.nodes[name] = n

	return n
}

// start starts nodes that all list all, at the same time.
func (w *world) start(names ...string) {
	w.t.Helper()
	var starting sync.WaitGroup
	for _, name := range names {
		n := w.make(name, names, nil)
		starting.Go(func() {
			if err := n.Start(w.t.Context()); err != nil {
				w.t.Errorf("%s: %v", name, err)
			}
		})
	}
	starting.Wait()
}

// start2 starts one more node.
func (w *world) start2(name string, join ...string) {
	w.t.Helper()
	if err := w.make(name, join, nil).Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (n *testNode) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func (n *testNode) NodeLinked(id node.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ahead = append(n.ahead, id.Name)
}

func (n *testNode) ViewChanged(members []node.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.view = names(members)
}

func (n *testNode) NodeDown(_ node.ID, members []node.ID) { n.ViewChanged(members) }
func (n *testNode) Resumed()                              {}
func (n *testNode) Paused() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.view) > 0 {
		panic("paused with a view")
	}
}

func names(ids []node.ID) []string {
	var all []string
	for _, id := range ids {
		all = append(all, id.Name)
	}
	slices.Sort(all)

	return all
}

type hostOf struct{ *testNode }

func (h hostOf) LinkEnded(id node.ID, reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = append(h.ended, id.Name+": "+reason.Error())
}

func (h hostOf) NodeDown(id node.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.downs = append(h.downs, id.Name)
}

func (h hostOf) StepOut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.outs++
}

func (h hostOf) Paused(time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paused++
}

func (h hostOf) Failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = err
}

// sees tells whether a node's directory was told of exactly these members.
func (w *world) sees(name string, want ...string) bool {
	n := w.nodes[name]
	n.mu.Lock()
	defer n.mu.Unlock()

	return slices.Equal(n.view, want)
}

// within waits, in virtual time, until cond holds.
func (w *world) within(d time.Duration, what string, cond func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for ; !cond(); time.Sleep(time.Millisecond) {
		if time.Since(began) > d {
			for name, n := range w.nodes {
				w.t.Logf("%s: members %v, ready: %v", name, names(n.Members()), n.Ready())
			}
			w.t.Fatalf("not within %v: %s", d, what)
		}
	}

	return time.Since(began)
}

func (w *world) allSee(members ...string) func() bool {
	return func() bool {
		for _, name := range members {
			if !w.sees(name, members...) {
				return false
			}
		}

		return true
	}
}
