package cluster_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/node"
)

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
