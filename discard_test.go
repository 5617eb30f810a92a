package parley_test

import (
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/user"
)

func TestOnDiscardTellsWhyASessionEnded(t *testing.T) {
	type ended struct {
		id  string
		why user.Reason
	}
	reasons := make(chan ended, 16)
	c := way{}.newCluster(t, 2, func(i int, s *parley.Server) {
		if i == 0 {
			s.Users().OnClosed(func(u *user.User, why user.Reason) { reasons <- ended{u.ID, why} })
		}
	})
	wants := func(id string, why user.Reason) {
		t.Helper()
		select {
		case got := <-reasons:
			if got != (ended{id, why}) {
				t.Errorf("%s: %s, want %s: %s", got.id, got.why, id, why)
			}
		case <-time.After(patience):
			t.Fatalf("%s was not discarded", id)
		}
	}
	_ = c.login("alice", 0, false).Close()
	wants("alice", user.Left)
	c.login("bob", 0, true)
	c.login("bob", 1, false)
	wants("bob", user.Replaced)
	c.login("carol", 0, false)
	c.nodes[0].Users().ByUID("carol").Disconnect()
	wants("carol", user.Removed)
	c.login("dan", 0, true)
	c.stop(c.nodes[0])
	wants("dan", user.Stopping)
}
