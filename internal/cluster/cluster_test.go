package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/link"
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

func (n *testNode) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		t.Error(err)
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

func TestNodesThatListEachOtherAreOneClusterAtOnce(t *testing.T) {
	for _, n := range []int{1, 2, 3, 6} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inWorld(t, func(w *world) {
				var all []string
				for i := range n {
					all = append(all, fmt.Sprint("n", i+1))
				}
				began := time.Now()
				w.start(all...)
				w.within(2*time.Second, "all see all", w.allSee(all...))
				t.Logf("%v", time.Since(began))
			})
		})
	}
}

func TestAJoinerIsMetThroughOneMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2")
		n3 := w.make("n3", []string{"n2"}, nil)
		if err := n3.Start(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		w.within(time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		n1 := w.nodes["n1"]
		n1.mu.Lock()
		defer n1.mu.Unlock()
		if !slices.Contains(n1.ahead, "n3") {
			t.Errorf("n3 was not announced ahead: %v", n1.ahead)
		}
	})
}

func TestANodeWithoutAnswersServesAloneAfterFiveSeconds(t *testing.T) {
	inWorld(t, func(w *world) {
		n := w.make("n1", []string{"n1", "n2"}, nil)
		began := time.Now()
		if err := n.Start(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("after %v", took)
		}
		n2 := w.make("n2", []string{"n1", "n2"}, nil)
		if err := n2.Start(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		w.within(time.Second, "both see both", w.allSee("n1", "n2"))
	})
}

func TestTooFewMembersAreNotReady(t *testing.T) {
	inWorld(t, func(w *world) {
		few := func(cfg *cluster.Config) { cfg.MinMembers = 2 }
		n1 := w.make("n1", nil, few)
		started := make(chan error, 1)
		go func() { started <- n1.Start(w.t.Context()) }()
		time.Sleep(10 * time.Second)
		if err := n1.Ready(); err == nil || !strings.Contains(err.Error(), "1 of 2 members (--min-members)") {
			t.Errorf("ready: %v", err)
		}
		if err := w.make("n2", []string{"n1"}, few).Start(w.t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-started; err != nil {
			t.Error(err)
		}
	})
}

func TestADeadProcessIsNoticedAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		w.nodes["n3"].host.Crash()
		took := w.within(100*time.Millisecond, "it is gone", w.allSee("n1", "n2"))
		t.Logf("after %v", took)
		w.within(100*time.Millisecond, "the hosts know", func() bool {
			n1 := w.nodes["n1"]
			n1.mu.Lock()
			defer n1.mu.Unlock()

			return slices.Contains(n1.downs, "n3") && slices.Contains(n1.ended, "n3: "+link.ErrGone.Error())
		})
	})
}

func TestAVanishedMachineIsNoticedWithinTwoSeconds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		w.net.Cut("n1", "n3")
		w.net.Cut("n2", "n3")
		took := w.within(2*time.Second, "it is gone", w.allSee("n1", "n2"))
		t.Logf("after %v", took)
		w.within(2*time.Second, "it is alone", func() bool { return w.sees("n3", "n3") })
		w.net.Heal("n1", "n3")
		w.net.Heal("n2", "n3")
		w.within(10*time.Second, "they meet again", w.allSee("n1", "n2", "n3"))
	})
}

func TestOneOfAPairWithoutALinkStepsOut(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		w.net.Cut("n2", "n3")
		w.within(4*time.Second, "one has stepped out", func() bool { return w.allSee("n1", "n2")() || w.allSee("n1", "n3")() })
		out := w.nodes["n3"]
		if w.sees("n1", "n1", "n3") {
			out = w.nodes["n2"]
		}
		w.within(time.Second, "it is no member", func() bool { return len(out.Members()) == 0 && out.Ready() != nil })
		time.Sleep(20 * time.Second)
		if len(out.Members()) != 0 {
			t.Error("it has entered without a link to a member")
		}
		w.net.Heal("n2", "n3")
		w.within(2*time.Minute, "it has entered again", w.allSee("n1", "n2", "n3"))
		out.mu.Lock()
		defer out.mu.Unlock()
		if out.outs != 1 {
			t.Errorf("it has stepped out %d times", out.outs)
		}
	})
}

func TestHalvesAreTwoClustersUntilTheyMeet(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3", "n4")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3", "n4"))
		halves := func(f func(a, b string)) {
			for _, a := range []string{"n1", "n2"} {
				for _, b := range []string{"n3", "n4"} {
					f(a, b)
				}
			}
		}
		halves(w.net.Cut)
		w.within(3*time.Second, "two halves", func() bool { return w.allSee("n1", "n2")() && w.allSee("n3", "n4")() })
		halves(w.net.Heal)
		w.within(time.Minute, "one cluster", w.allSee("n1", "n2", "n3", "n4"))
	})
}

func TestAProcessThatWasStoppedJoinsAnew(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		n3 := w.nodes["n3"]
		n3.host.Freeze()
		time.Sleep(1200 * time.Millisecond) // the others suspend their links, and end none
		n3.host.Thaw()
		w.within(10*time.Second, "it has paused", func() bool {
			n3.mu.Lock()
			defer n3.mu.Unlock()

			return n3.paused == 1
		})
		w.within(10*time.Second, "all see all again", w.allSee("n1", "n2", "n3"))
		n3.host.Freeze()
		time.Sleep(10 * time.Second)
		if !w.allSee("n1", "n2")() {
			t.Error("it is still seen")
		}
		n3.host.Thaw()
		w.within(10*time.Second, "all see all once more", w.allSee("n1", "n2", "n3"))
	})
}

func TestANodeWithAnotherSecretIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2")
		other := w.make("n3", []string{"n1", "n2"}, func(cfg *cluster.Config) { cfg.Secret = "another secret, and none of theirs" })
		if err := other.Start(w.t.Context()); !errors.Is(err, cluster.ErrSecret) {
			t.Errorf("%v", err)
		}
		if !w.allSee("n1", "n2")() {
			t.Error("the others have noticed")
		}
	})
}

func TestANodeWhoseNameIsTakenIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2")
		n := w.make("n3", []string{"n1"}, func(cfg *cluster.Config) { cfg.Node = "n2" })
		if err := n.Start(w.t.Context()); !errors.Is(err, cluster.ErrName) {
			t.Errorf("%v", err)
		}
	})
}

func TestARestartedNodeTakesItsNameAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2")
		w.within(2*time.Second, "both see both", w.allSee("n1", "n2"))
		old := w.nodes["n2"]
		old.host.Crash()
		old.stop(t)
		w.start2("n2", "n1", "n2")
		w.within(3*time.Second, "both see both again", w.allSee("n1", "n2"))
	})
}

// start2 starts one more node.
func (w *world) start2(name string, join ...string) {
	w.t.Helper()
	if err := w.make(name, join, nil).Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestAStopIsHeardOfAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		w.nodes["n2"].stop(t)
		w.within(50*time.Millisecond, "it is gone", w.allSee("n1", "n3"))
	})
}

func TestPacketsOfAPortArriveInOrder(t *testing.T) {
	inWorld(t, func(w *world) {
		var got []byte
		n2 := w.make("n2", []string{"n1", "n2"}, nil)
		n2.Handle(cluster.PortDM, func(from node.ID, packet []byte) {
			if from.Name == "n1" {
				got = append(got, packet...)
			}
		})
		n1 := w.make("n1", []string{"n1", "n2"}, nil)
		var starting sync.WaitGroup
		for _, n := range []*testNode{n1, n2} {
			starting.Go(func() {
				if err := n.Start(w.t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		starting.Wait()
		w.within(2*time.Second, "both see both", w.allSee("n1", "n2"))
		s := n1.Sender(cluster.PortDM)
		for i := range 100 {
			if err := s.Send(n2.Self(), []byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		for i := range 100 {
			if len(got) != 100 || got[i] != byte(i) {
				t.Fatalf("%v", got)
			}
		}
		if err := s.Send(node.New("n9"), []byte("x")); !errors.Is(err, node.ErrNoNode) {
			t.Errorf("to a stranger: %v", err)
		}
	})
}

func TestRealNodesMeetByGossip(t *testing.T) {
	var all []*testNode
	w := &world{t: t, nodes: make(map[string]*testNode)}
	for i := range 4 {
		n := &testNode{}
		cfg := cluster.Config{Node: fmt.Sprint("n", i+1), Addr: "127.0.0.1:0", Secret: secret, Logger: slog.New(slog.DiscardHandler)}
		if i > 0 { // each knows the one before only
			cfg.Join = []string{all[i-1].Addr()}
		}
		c, err := cluster.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		n.Cluster = c
		c.SetDirectory(n)
		c.SetHost(hostOf{n})
		began := time.Now()
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("n%d is a member after %v", i+1, time.Since(began))
		all = append(all, n)
		w.nodes[cfg.Node] = n
		t.Cleanup(func() { n.stop(t) })
	}
	deadline := time.After(20 * time.Second)
	for !w.allSee("n1", "n2", "n3", "n4")() {
		select {
		case <-deadline:
			t.Fatal("they do not all see each other")
		case <-time.After(time.Millisecond):
		}
	}
}
