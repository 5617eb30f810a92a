package operator_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/wire"
)

func TestNodesDescribeThemselvesInTheOrderOfTheirNames(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		t := w.t
		w.nodes[1].Login("bob")
		w.lose(w.nodes[2])
		began := time.Now()
		nodes, err := w.nodes[1].op.Nodes(t.Context())
		if err != nil || len(nodes) != 3 || time.Since(began) != 3*time.Second {
			t.Fatalf("%+v, %v after %v", nodes, err, time.Since(began))
		}
		for i, n := range nodes {
			answers := i < 2
			if n.ID != w.nodes[i].ID.String() || n.Ready != answers || (n.Since != nil) != answers || (n.Reason == "") != answers {
				t.Errorf("node %d: %+v", i, n)
			}
		}
		if nodes[0].Users != 0 || nodes[1].Users != 1 || nodes[1].Members != 3 {
			t.Errorf("%+v", nodes)
		}
	})
}

func TestANodeThatSeesNoMemberDescribesItself(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		n.out.Store(true)
		if nodes, err := n.op.Nodes(t.Context()); err != nil || len(nodes) != 1 || nodes[0].ID != n.ID.String() || !nodes[0].Ready {
			t.Errorf("%+v, %v", nodes, err)
		}
	})
}

func TestNodesAreProbedAtMostOnceASecond(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		n := w.nodes[0]
		for range 5 {
			n.op.Probes()
		}
		synctest.Wait()
		if sent, trips := n.sent.Load(), n.op.RoundTrips(); sent != 1 || len(trips) != 1 {
			t.Errorf("%d packets, %v", sent, trips)
		}
		time.Sleep(time.Second)
		if s := n.op.Probes(); s.Count() != 1 {
			t.Errorf("%d round trips", s.Count())
		}
		synctest.Wait()
		n.member.Store(false)
		time.Sleep(time.Second)
		if s := n.op.Probes(); s.Count() != 2 || n.sent.Load() != 2 {
			t.Errorf("%d round trips, %d packets", s.Count(), n.sent.Load())
		}
	})
}

func TestPicturesShowAllNodesUntilTheOperatorStops(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		n := w.nodes[0]
		var pictures []string
		ended := make(chan error)
		go func() {
			ended <- n.op.Pictures(t.Context(), func(picture []byte) error {
				if !json.Valid(picture) {
					t.Errorf("no JSON: %s", picture)
				}
				pictures = append(pictures, string(picture))

				return nil
			})
		}()
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		var picture struct{ Nodes []struct{ ID string } }
		if len(pictures) != 3 {
			t.Fatalf("%d pictures", len(pictures))
		}
		if err := json.Unmarshal([]byte(pictures[2]), &picture); err != nil || len(picture.Nodes) != 2 {
			t.Errorf("%v: %s", err, pictures[2])
		}
		n.op.Stop()
		wantCode(t, "the watcher", <-ended, wire.CodeNodesNotFound)
		wantCode(t, "a new one", n.op.Pictures(t.Context(), nil), wire.CodeNodesNotFound)
	})
}

func TestAWatcherThatLeavesEndsItsPictures(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		n.member.Store(false) // a node that takes no users has a dashboard too
		gone := errors.New("gone")
		if err := n.op.Pictures(t.Context(), func([]byte) error { return gone }); !errors.Is(err, gone) {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := n.op.Pictures(ctx, func([]byte) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
