package operator_test

import (
	"context"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/wire"
)

func TestUsersAreFoundWhereverTheyAre(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		bob, alice := w.nodes[1].Login("bob"), w.nodes[0].Login("alice")
		for _, n := range w.nodes {
			users, err := n.op.Users(t.Context(), []string{"bob", "zed", "alice"})
			if err != nil || len(users) != 3 {
				t.Fatalf("%+v, %v", users, err)
			}
			if got := users[1]; got != (httpapi.User{ID: "zed"}) {
				t.Errorf("a user who is not connected: %+v", got)
			}
			for i, want := range map[int]struct{ id, at, sid string }{
				0: {"bob", w.nodes[1].ID.String(), bob.User.SID},
				2: {"alice", w.nodes[0].ID.String(), alice.User.SID},
			} {
				got := users[i]
				if got.ID != want.id || !got.Online || got.Node != want.at || got.Session != want.sid {
					t.Errorf("%+v, want %+v", got, want)
				}
				if got.Since == nil || time.Since(*got.Since).Abs() > time.Second || got.Transport != "ws" || got.Address != "192.0.2.1:50211" {
					t.Errorf("the session: %+v", got)
				}
			}
		}
	})
}

func TestANodeThatDoesNotAnswerCostsOnlyItsUsersDetails(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		w.nodes[0].Login("alice")
		w.nodes[1].Login("bob")
		w.lose(w.nodes[1])
		began := time.Now()
		users, err := w.nodes[0].op.Users(t.Context(), []string{"alice", "bob"})
		if err != nil || !users[0].Online || users[0].Transport != "ws" || !users[1].Online || users[1].Transport != "" || users[1].Since != nil {
			t.Errorf("%+v, %v", users, err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		_, err = w.nodes[0].op.Users(t.Context(), []string{"bob"})
		wantCode(t, "that user alone", err, wire.CodeTimeout)
	})
}

func TestTheEndOfALinkEndsTheWaitForItsNode(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		w.nodes[1].Login("bob")
		w.lose(w.nodes[1])
		began := time.Now()
		time.AfterFunc(time.Second, func() { w.nodes[0].op.NodeDown(w.nodes[1].ID) })
		_, err := w.nodes[0].op.Users(t.Context(), []string{"bob"})
		wantCode(t, "a node that is gone", err, wire.CodeTimeout)
		if took := time.Since(began); took != time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestARequestThatIsCancelledEndsAtOnce(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		w.nodes[1].Login("bob")
		w.lose(w.nodes[1])
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := w.nodes[0].op.Users(ctx, []string{"bob"})
		wantCode(t, "a request that is cancelled", err, wire.CodeTimeout)
		if took := time.Since(began); took != 10*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAClusterThatHasNotSettledIsToBeAskedAgain(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		n.places = func(string) (node.Place, error) { return node.Place{}, directory.ErrUnsettled }
		_, err := n.op.Users(t.Context(), []string{"bob"})
		wantCode(t, "Users", err, wire.CodeNodesNotFound)
		_, err = n.op.Remove(t.Context(), "bob", nil)
		wantCode(t, "Remove", err, wire.CodeNodesNotFound)
	})
}
