package dm_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

func TestPromise5AUserWhoHasLoggedInIsFoundFromEveryNode(t *testing.T) {
	inCluster(t, 4, nil, func(c *cluster) {
		senders := []*person{c.login("s0", 0), c.login("s1", 1), c.login("s2", 2), c.login("s3", 3)}
		for i := range 40 {
			p := c.login(fmt.Sprintf("u%d", i), i%4)
			for _, s := range senders {
				s.sends(p.id, "welcome", nil)
			}
		}
	})
}

func TestPromise6TheNewerLoginWinsAndBeingReplacedIsNotLeaving(t *testing.T) {
	heard := &notes{}
	inCluster(t, 3, func(m *dm.Module) {
		m.SetOnClearCache(func(id string, stayer *user.User) { heard.addf("%s left %s", id, stayer.ID) })
		m.SetOnUserDisconnect(func(u *user.User, _ string) []byte { return []byte("bye from " + u.ID) })
	}, func(c *cluster) {
		for _, at := range []int{1, 2, 2, 0} { // another node, again, the same node, the peer's node
			alice := c.login("alice", 0)
			bob := c.login("bob", 1)
			alice.sends("bob", "hi", nil)
			newer := c.login("bob", at)
			synctest.Wait()
			if bob.closed != "2002" {
				t.Errorf("the older client got %q, want goodbye 2002", bob.closed)
			}
			alice.hears()
			heard.are(t)
			newer.has("alice@n1") // the channel is the users', not the session's
			alice.sends("bob", "still there?", nil)
			newer.hears("2.11 still there?")
			newer.quits()
			alice.hears("1.700 bob: bye from bob")
			alice.has("")
			alice.quits()
		}
	})
}

func TestPromise6APeerIsToldOnceEvenIfItNeverWroteToTheNewerSession(t *testing.T) {
	inCluster(t, 3, func(m *dm.Module) {
		m.SetOnUserDisconnect(func(u *user.User, _ string) []byte { return []byte("bye from " + u.ID) })
	}, func(c *cluster) {
		alice := c.login("alice", 0)
		c.login("bob", 1).sends("alice", "hi", nil)
		newer := c.login("bob", 2)
		alice.hears("2.11 hi")
		newer.quits()
		alice.hears("1.700 bob: bye from bob")
	})
}

func TestPromise6AChannelFollowsAUserThroughSeveralLoginsInARow(t *testing.T) {
	inCluster(t, 3, func(m *dm.Module) {
		m.SetOnUserDisconnect(func(u *user.User, _ string) []byte { return []byte("bye from " + u.ID) })
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "hi", nil)
		for i := range 7 { // both move, neither writes
			alice = c.login("alice", i%3)
			bob = c.login("bob", (i*2)%3)
		}
		alice.hears()
		alice.has("bob@n1")
		bob.has("alice@n1")
		bob.quits()
		alice.hears("1.700 bob: bye from bob")
	})
}

func TestPromise7WhatAUserSentBeforeLeavingArrivesBeforeTheNotice(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnUserDisconnect(func(*user.User, string) []byte { return []byte("bye") })
	}, func(c *cluster) {
		for at := range 2 {
			alice, bob := c.login("alice", 0), c.login("bob", at)
			for i := range 3 {
				alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte(fmt.Sprint(i)), nil)
			}
			alice.quits()
			bob.hears("2.11 0", "2.11 1", "2.11 2", "1.700 alice: bye")
			bob.has("")
			bob.quits()
		}
	})
}

func TestPromise7AMessageToOneWhoIsLeavingLearnsOfItBehindTheFarewell(t *testing.T) {
	heard := &notes{}
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnClearCache(func(id string, stayer *user.User) { heard.addf("%s left %s", id, stayer.ID) })
		m.SetOnUserDisconnect(func(*user.User, string) []byte { return []byte("bye") })
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		bob.sends("alice", "hi", nil)
		outcomes := make(chan error, 3)
		bob.node.dm.SendMessageByUserID(bob.u, "alice", 2, 11, []byte("one"), func(err error) { outcomes <- err })
		alice.quits()
		for range 2 {
			bob.node.dm.SendMessageByUserID(bob.u, "alice", 2, 11, []byte("two"), func(err error) { outcomes <- err })
		}
		for range 3 {
			if err := <-outcomes; !errors.Is(err, dm.ErrUserNotFound) {
				t.Errorf("to one who has left: %v", err)
			}
		}
		bob.hears("1.700 alice: bye")
		heard.are(t)
		bob.has("")
	})
}

func TestPromise10WhatIsCutOffIsAClusterOfItsOwnUntilItIsBack(t *testing.T) {
	inCluster(t, 3, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		carol := c.login("carol", 0)
		alice.sends("bob", "zero", nil)
		c.isolate(c.nodes[0])
		began := time.Now()
		alice.sends("bob", "one", dm.ErrReliableTimeout)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the end of the link was noticed after %v", took)
		}
		alice.sends("bob", "two", dm.ErrUserNotFound)
		alice.sends("carol", "same node", nil)
		c.restore(c.nodes[0])
		time.Sleep(5 * time.Second)
		alice.sends("bob", "three", nil)
		bob.hears("2.11 zero", "2.11 three")
		carol.hears("2.11 same node")
	})
}
