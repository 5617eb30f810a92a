package dm_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/messages"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

func TestASessionThatIsReplacedNamesItsNewestEpoch(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "hi", nil)
		next := nodes.Place{Node: c.nodes[1].members.Self(), SID: nodes.SID{1}}
		first := messages.Of(alice.node.dm).HandOver(alice.u, next)
		if first <= sessions.Of(alice.u).Stamp() {
			t.Errorf("newest epoch %d, login %d", first, sessions.Of(alice.u).Stamp())
		}
		alice.sends("bob", "by a session that is over", dm.ErrReliableTimeout)
		if again := messages.Of(alice.node.dm).HandOver(alice.u, next); again != first {
			t.Errorf("%d, then %d: a session that is over begins epochs", first, again)
		}
		if newest := messages.Of(alice.node.dm).NewestEpoch("alice"); newest != first {
			t.Errorf("the node names %d, want %d", newest, first)
		}
		time.Sleep(10 * time.Second)
		if newest := messages.Of(alice.node.dm).NewestEpoch("alice"); newest != 0 {
			t.Errorf("the node still names %d when all is answered", newest)
		}
		bob.hears("2.11 hi")
	})
}

func TestASessionStaysRegisteredUntilItsMessagesAreAnswered(t *testing.T) {
	g := gate{who: "bob"}
	inCluster(t, 3, g.set, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		g.close()
		alice.sends("bob", "slow", dm.ErrReliableTimeout)
		alice.quits()
		time.Sleep(time.Minute)
		if n := alice.node.entries(); n != 1 {
			t.Errorf("%d sessions are registered, want 1: a deadline is no outcome", n)
		}
		if messages.Of(alice.node.dm).NewestEpoch("alice") == 0 {
			t.Error("the node names no epoch")
		}
		newer := c.login("alice", 2) // which does not wait
		if sessions.Of(newer.u).Stamp() <= sessions.Of(alice.u).Stamp() {
			t.Errorf("stamps %d, then %d", sessions.Of(alice.u).Stamp(), sessions.Of(newer.u).Stamp())
		}
		g.open()
		newer.sends("bob", "newer", nil)
		bob.hears("2.11 slow", "2.11 newer")
		time.Sleep(10 * time.Second)
		if n := messages.Of(alice.node.dm).NewestEpoch("alice"); n != 0 || alice.node.entries() != 0 {
			t.Errorf("epoch %d, %d entries, and all is answered", n, alice.node.entries())
		}
	})
}

func TestASessionIsUnregisteredWhenTheLinkOfItsMessageEnds(t *testing.T) {
	g := gate{who: "bob"}
	inCluster(t, 3, g.set, func(c *cluster) {
		alice := c.login("alice", 0)
		c.login("bob", 1)
		g.close()
		alice.sends("bob", "slow", dm.ErrReliableTimeout)
		alice.quits()
		time.Sleep(time.Minute)
		c.nodes[1].crash()
		g.open()
		time.Sleep(3 * time.Second)
		if n := alice.node.entries(); n != 0 {
			t.Errorf("%d sessions are registered", n)
		}
	})
}

// Callbacks that decline keep no channels: messages of many strangers at once do not delay each
// other.
func TestStrangersWhoAreDeclinedDoNotHoldEachOtherUp(t *testing.T) {
	inCluster(t, 3, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(uint8, uint16, []byte, string, *user.User) bool { return false })
	}, func(c *cluster) {
		c.login("bob", 1)
		const strangers = 300
		var all []*person
		for i := range strangers {
			all = append(all, c.login(fmt.Sprint("s", i), i%3))
		}
		outcomes := make(chan error, strangers)
		began := time.Now()
		for i := range all { // those that logged in last are the first to write
			p := all[len(all)-1-i]
			p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, []byte("hi"), func(err error) { outcomes <- err })
		}
		for range all {
			if err := <-outcomes; err != nil && !errors.Is(err, dm.ErrRecipientBusy) {
				t.Error(err)
			}
		}
		if took := time.Since(began); took > 20*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}
