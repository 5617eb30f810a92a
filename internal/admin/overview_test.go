package admin_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

func TestEveryNodeTellsItsPartOfTheDashboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4)
		w.hosts[1].older = true
		w.net.lost[w.ids[2]] = true
		elsewhere := node.New("elsewhere")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got := w.peers[0].Overview(ctx, append(w.ids[:4:4], elsewhere), func(id string) uint64 {
			if id == w.ids[3].String() {
				return 41
			}

			return 0
		})
		if a := got[0]; a.ID != w.ids[0].String() || a.Node == nil || a.Node.Views[0].Number != 1 || a.Fault != "" {
			t.Errorf("itself: %+v", a)
		}
		if a := got[1]; !a.Older || a.Node == nil || !a.Node.Ready || a.Fault == "" {
			t.Errorf("another version: %+v", a)
		}
		if a := got[2]; a.ID != w.ids[2].String() || a.Node != nil || a.Fault != "it has not answered in time" {
			t.Errorf("no answer: %+v", a)
		}
		if a := got[3]; a.Node == nil || a.Node.Views[0].Number != 42 {
			t.Errorf("the views that are not known yet: %+v", a)
		}
		if a := got[4]; a.ID != elsewhere.String() || a.Node != nil || a.Fault != "the node does not answer" {
			t.Errorf("no link: %+v", a)
		}
	})
}

func TestTheRoundTripOfEachNodeIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.peers[0].Probe(w.ids)
		synctest.Wait()
		got := w.peers[0].RoundTrips()
		_, n2 := got[w.ids[1]]
		_, n3 := got[w.ids[2]]
		if len(got) != 2 || !n2 || !n3 {
			t.Errorf("%v", got)
		}
		w.peers[0].NodeDown(w.ids[1])
		if got = w.peers[0].RoundTrips(); len(got) != 1 {
			t.Errorf("after the end of a link: %v", got)
		}
	})
}
