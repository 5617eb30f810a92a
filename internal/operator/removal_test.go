package operator_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/wire"
)

func TestARemovedUserIsSentAwayWhereverItIs(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		alice, bob := w.nodes[0].Login("alice"), w.nodes[1].Login("bob")
		r, err := w.nodes[0].op.Remove(t.Context(), "bob", nil)
		if err != nil || !r.Removed || r.ID != "bob" || r.BannedUntil != nil {
			t.Errorf("%+v, %v", r, err)
		}
		if got := bob.Ended(); got != "2005 removed by an operator" || alice.Ended() != "" {
			t.Errorf("bob is told %q, alice %q", got, alice.Ended())
		}
		bob.Logout()
		if r, err := w.nodes[0].op.Remove(t.Context(), "bob", nil); err != nil || r.Removed {
			t.Errorf("a user who is not connected: %+v, %v", r, err)
		}
	})
}

func TestAUserThatMovesMeanwhileIsLookedUpAgain(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		bob := w.nodes[1].Login("bob")
		for stale, want := range []bool{true, true, true, false} { // three lookups
			left := stale
			w.nodes[0].places = func(id string) (node.Place, error) {
				left--
				if left >= 0 {
					return node.Place{Node: w.nodes[1].ID, SID: node.HashSID("a session that is over")}, nil
				}

				return w.place(id)
			}
			if r, err := w.nodes[0].op.Remove(t.Context(), "bob", nil); err != nil || r.Removed != want {
				t.Errorf("%d stale answers: %+v, %v", stale, r, err)
			}
			if ended := bob.Ended() != ""; ended != want {
				t.Errorf("%d stale answers: bob is told %q", stale, bob.Ended())
			}
			bob.Logout()
			bob = w.nodes[1].Login("bob")
		}
	})
}

func TestAUserWhoseLoginIsUnderWayIsSentAway(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		n := w.nodes[1]
		bob := n.Connect("bob")
		sid := sessions.Of(bob.User).SID()
		w.nodes[0].places = func(string) (node.Place, error) { return node.Place{Node: n.ID, SID: sid}, nil }
		n.moving.Store(sid, bob.User)
		if r, err := w.nodes[0].op.Remove(t.Context(), "bob", nil); err != nil || !r.Removed || bob.Ended() == "" {
			t.Errorf("%+v, %v; bob is told %q", r, err, bob.Ended())
		}
		bob.Logout()
		if r, err := w.nodes[0].op.Remove(t.Context(), "bob", nil); err != nil || r.Removed {
			t.Errorf("its session is over: %+v, %v", r, err)
		}
	})
}

func TestABannedUserMayNotComeBackBeforeItsTime(t *testing.T) {
	inWorld(t, 3, func(w *world) {
		t := w.t
		bob := w.nodes[1].Login("bob")
		hour := time.Hour
		until := time.Now().Add(hour)
		r, err := w.nodes[0].op.Remove(t.Context(), "bob", &hour)
		if err != nil || !r.Removed || r.BannedUntil == nil || !r.BannedUntil.Equal(until) {
			t.Errorf("%+v, %v", r, err)
		}
		if got := bob.Ended(); !strings.HasPrefix(got, "2005 removed by an operator, and may not come back before "+until.UTC().Format(time.RFC3339)) {
			t.Errorf("bob is told %q", got)
		}
		bob.Logout()
		time.Sleep(hour - time.Second)
		for _, n := range w.nodes {
			if refused := n.op.Banned("bob"); refused == nil || refused.Code != wire.GoodbyeRemoved {
				t.Errorf("at %s: %+v", n.ID, refused)
			}
			if refused := n.op.Banned("alice"); refused != nil {
				t.Errorf("alice at %s: %+v", n.ID, refused)
			}
		}
		time.Sleep(time.Second)
		for _, n := range w.nodes {
			if refused := n.op.Banned("bob"); refused != nil {
				t.Errorf("when it is over, at %s: %+v", n.ID, refused)
			}
		}
	})
}

func TestABanCanBeLifted(t *testing.T) {
	inWorld(t, 2, func(w *world) {
		t := w.t
		n := w.nodes[0]
		hour, lift := time.Hour, time.Duration(0)
		if r, err := n.op.Remove(t.Context(), "bob", &hour); err != nil || r.Removed || r.BannedUntil == nil { // it is not connected
			t.Errorf("%+v, %v", r, err)
		}
		late := w.nodes[1].Login("bob") // its login was under way
		w.nodes[1].op.DismissBanned(late.User)
		if late.Ended() == "" {
			t.Error("a login that was under way stands")
		}
		late.Logout()
		if r, err := n.op.Remove(t.Context(), "bob", &lift); err != nil || r.Removed || r.BannedUntil != nil {
			t.Errorf("%+v, %v", r, err)
		}
		bob := w.nodes[1].Login("bob")
		w.nodes[1].op.DismissBanned(bob.User)
		if bob.Ended() != "" || n.op.Banned("bob") != nil {
			t.Errorf("bob is told %q", bob.Ended())
		}
	})
}

func TestANodeWithoutRoomForABanSaysSo(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		hour, day := time.Hour, 24*time.Hour
		const room = 100_000
		for i := range room {
			if _, err := n.op.Remove(t.Context(), fmt.Sprint("user", i), &hour); err != nil {
				t.Fatal(i, err)
			}
		}
		_, err := n.op.Remove(t.Context(), "bob", &hour)
		wantCode(t, "one more", err, wire.CodeOverloaded)
		if n.op.Banned("bob") != nil {
			t.Error("the ban that was refused is kept")
		}
		if _, err := n.op.Remove(t.Context(), "user7", &day); err != nil {
			t.Errorf("a ban that is there already: %v", err)
		}
		time.Sleep(hour)
		if _, err := n.op.Remove(t.Context(), "bob", &hour); err != nil || n.op.Banned("bob") == nil || n.op.Banned("user7") == nil {
			t.Errorf("when the others are over: %v", err)
		}
	})
}

func TestANodeThatEntersIsToldTheBansOnce(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		n.op.TellBans(n.Members())
		hour := time.Hour
		if _, err := n.op.Remove(t.Context(), "bob", &hour); err != nil {
			t.Fatal(err)
		}
		late := w.add()
		late.member.Store(true)
		n.op.TellBans(n.Members())
		synctest.Wait()
		if late.op.Banned("bob") == nil {
			t.Error("the node that has entered knows of no ban")
		}
		before := n.sent.Load()
		n.op.TellBans(n.Members())
		synctest.Wait()
		if again := n.sent.Load() - before; again != 0 {
			t.Errorf("%d packets to nodes that know", again)
		}
		n.op.TellBans([]node.ID{n.ID}) // it leaves, and comes back
		n.op.TellBans(n.Members())
		synctest.Wait()
		if again := n.sent.Load() - before; again == 0 {
			t.Error("a node that comes back is told nothing")
		}
	})
}
