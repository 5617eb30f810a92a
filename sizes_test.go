package parley_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// A node with a larger limit sends more than the other node's clients may take: that is refused for
// the message alone, on a channel that is open too, and disturbs no other channel and no link.
func TestASizeLimitThatDiffersCostsOnlyTheMessage(t *testing.T) {
	for _, size := range []int{70_000, 150_000, 400_000} {
		c := way{dm: `{"maxMessageSize": 500000}`}.newCluster(t, 1, nil)
		c.way.dm = `{"maxMessageSize": 65536}`
		c.add(1, nil)
		alice, bob := c.login("alice", 0, false), c.login("bob", 1, false)
		carol, dave := c.login("carol", 0, true), c.login("dave", 1, true)
		web := c.login("web", 1, true)
		for _, to := range []string{"bob", "web"} {
			alice.tell(to, "opens a channel")
		}
		bob.hears("alice: opens a channel")
		web.hears("alice: opens a channel")
		carol.tell("dave", "opens a channel")
		dave.hears("carol: opens a channel")

		for _, to := range []*person{bob, web} {
			begin := time.Now()
			err := alice.try(to.id, strings.Repeat("x", size))
			t.Logf("%d bytes to %s: %v after %s", size, to.id, err, time.Since(begin))
			if wire.CodeOf(err) != wire.CodeTooLarge {
				t.Errorf("%d bytes to %s: %v, want %q", size, to.id, err, wire.CodeTooLarge)
			}
			carol.tell("dave", "not disturbed")
			dave.hears("carol: not disturbed")
			alice.tell(to.id, "and on")
			to.hears("alice: and on")
		}
	}
}

// The last message of a node with a larger limit is refused, and the end is told without it.
func TestALargeLastMessageIsRefusedAndTheEndIsTold(t *testing.T) {
	cleared := make(chan string, 10)
	c := way{dm: `{"maxMessageSize": 500000}`}.newCluster(t, 1, nil)
	c.way.dm = `{"maxMessageSize": 65536}`
	c.add(1, func(_ int, s *parley.Server) {
		s.DM().SetOnClearCache(func(leaverID string, stayer *user.User) { cleared <- leaverID + " to " + stayer.ID })
	})
	alice, bob := c.login("alice", 0, false), c.login("bob", 1, false)
	alice.tell("bob", "opens a channel")
	bob.hears("alice: opens a channel")
	if err := alice.Disconnect(t.Context(), "bob", []byte(strings.Repeat("x", 150_000))); err != nil {
		t.Error(err)
	}
	select {
	case got := <-cleared:
		if got != "alice to bob" {
			t.Errorf("told is the end of %s", got)
		}
	case <-time.After(patience):
		t.Fatal("bob's node is not told of the end")
	}
	alice.tell("bob", "again")
	bob.hears("alice: again")
	if len(cleared) > 0 {
		t.Error("the end is told twice")
	}
}
