package cluster_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/testkit"
)

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
	testkit.Eventually(t, "all see all", w.allSee("n1", "n2", "n3", "n4"))
}
