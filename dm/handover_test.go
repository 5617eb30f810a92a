package dm_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/mesh"
	"github.com/parley-dm/parley/user"
)

func TestPromise7AChannelThatOpensAfterItsUserHasMovedAndLeftIsNotKept(t *testing.T) {
	heard := &notes{}
	inCluster(t, 3, heard.clears, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.stalled = true
		bob.node.dm.SendMessageByUserID(bob.u, "alice", 2, 11, []byte("hi"), nil)
		time.Sleep(time.Second)
		c.login("bob", 2).quits()
		alice.mu.Lock()
		alice.stalled = false
		for _, d := range alice.queued {
			d.Pushed(nil)
		}
		alice.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
		heard.are(t, "bob left alice")
		alice.has("")
	})
}

// slowFourth is a network on whose fourth node all logins wait.
func slowFourth() *mesh.Memory {
	return mesh.NewMemory(mesh.MemoryOptions{Delay: func(a, b mesh.NodeID) time.Duration {
		if a.Name == "n4" || b.Name == "n4" {
			return 20 * time.Millisecond
		}

		return time.Millisecond
	}})
}

func TestPromise6AChannelFollowsAUserWhoseLoginIsReplacedBeforeItsWelcome(t *testing.T) {
	heard := &notes{}
	setup := heard.clears
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, net: slowFourth()}
		for range 4 {
			c.start(setup)
		}
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		bob.sends("alice", "hi", nil)
		second := c.nodes[2]
		go func() {
			u := second.users.New("bob", user.NewSID(), &person{t: t})
			_, err := second.dir.Claim(context.Background(), "bob", u.SID)
			if replaced, ok := errors.AsType[*dive.ReplacedError](err); ok {
				second.dm.Replaced(u, replaced.Next)
			} else {
				t.Errorf("the second login ended with %v", err)
			}
			second.users.Discard(u)
		}()
		time.Sleep(10 * time.Millisecond)
		third := c.login("bob", 0)
		alice.hears("2.11 hi")
		third.has("alice@n1")
		third.quits()
		heard.are(t, "bob left alice")
		for _, nd := range c.nodes {
			nd.stop()
		}
		synctest.Wait()
	})
}

func TestPromise7ALoginThatFailsAfterItEvictedTheOlderSessionIsALeave(t *testing.T) {
	heard := &notes{}
	inCluster(t, 3, heard.clears, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		bob.sends("alice", "hi", nil)
		nd := c.nodes[2]
		u := nd.users.New("bob", user.NewSID(), &person{t: t})
		ctx, cancel := context.WithTimeout(c.t.Context(), 1500*time.Microsecond)
		defer cancel()
		if _, err := nd.dir.Claim(ctx, "bob", u.SID); err == nil {
			t.Fatal("the login succeeded")
		}
		nd.dm.Abandoned(u)
		nd.users.Discard(u)
		time.Sleep(100 * time.Millisecond)
		heard.are(t, "bob left alice")
		alice.has("")
	})
}

func TestPromise7ALoginThatFailsWhenItHasTheChannelsOfTheOlderSessionIsALeaveAtOnce(t *testing.T) {
	heard := &notes{}
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, net: slowFourth()}
		for range 4 {
			c.start(heard.clears)
		}
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		bob.sends("alice", "hi", nil)
		nd := c.nodes[2]
		u := nd.users.New("bob", user.NewSID(), &person{t: t})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := nd.dir.Claim(ctx, "bob", u.SID); err == nil {
			t.Fatal("the login succeeded")
		}
		nd.dm.Abandoned(u)
		nd.users.Discard(u)
		time.Sleep(100 * time.Millisecond)
		heard.are(t, "bob left alice")
		alice.has("")
		for _, nd := range c.nodes {
			nd.stop()
		}
		synctest.Wait()
	})
}

func TestPromise7AFarewellThatIsOvertakenByANewerLoginEnds(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnUserDisconnect(func(*user.User, string) []byte {
			time.Sleep(10 * time.Second)

			return nil
		})
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		bob.sends("alice", "hi", nil)
		gone := make(chan bool, 1)
		bob.node.users.Remove(bob.u)
		go bob.node.dm.Leave(bob.u, func() { gone <- true })
		time.Sleep(time.Second)
		newer := c.nodes[0].users.New("bob", user.NewSID(), &person{t: c.t})
		bob.node.dm.Replaced(bob.u, dive.Place{Node: c.nodes[0].mesh.Self(), SID: newer.SID})
		time.Sleep(time.Minute)
		select {
		case <-gone:
		default:
			c.t.Error("the farewell has no end: the directory would hold the user for ever")
		}
		alice.quits()
	})
}

func TestPromise6AUserWhoWasReplacedBeforeItsLeaveSaysNoGoodbye(t *testing.T) {
	asked := &notes{}
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnUserDisconnect(func(u *user.User, peer string) []byte {
			asked.addf("%s leaves %s", u.ID, peer)

			return nil
		})
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.stalled = true
		bob.node.dm.SendMessageByUserID(bob.u, "alice", 2, 11, []byte("hi"), nil) // it waits for its outcome
		time.Sleep(time.Second)
		newer := c.nodes[0].users.New("bob", user.NewSID(), &person{t: c.t})
		bob.node.users.Remove(bob.u)
		bob.node.dm.Replaced(bob.u, dive.Place{Node: c.nodes[0].mesh.Self(), SID: newer.SID})
		gone := false
		bob.node.dm.Leave(bob.u, func() { gone = true })
		if !gone {
			c.t.Error("its leave waits for something")
		}
		asked.are(t)
	})
}

func TestPromise3AFindThatIsHeldUpIsNotTakenBehindWhatWasTransmittedAfterIt(t *testing.T) {
	inCluster(t, 1, nil, func(c *cluster) {
		ann, older := c.login("ann", 0), c.login("bob", 0)
		older.sends("ann", "open", nil)
		n := ann.node
		c.net.Freeze(n.mesh)
		bob := n.connects("bob")
		stamp, err := n.dir.Claim(c.t.Context(), "bob", bob.u.SID) // bob is between two sessions
		if err != nil {
			t.Fatal(err)
		}
		ann.sends("bob", "held up", dm.ErrReliableTimeout)
		bob.u.SetLogin(uint64(stamp))
		n.users.Add(bob.u)
		n.dm.Joined(bob.u)
		n.dir.Activate("bob", bob.u.SID)
		ann.sends("bob", "transmitted", nil)
		n.dm.ClearCacheByUserID(bob.u, "ann", 2, 12, nil) // what bob's side knew of ann's messages is forgotten
		synctest.Wait()
		c.net.Thaw(n.mesh)
		bob.hears("2.11 transmitted")
	})
}
