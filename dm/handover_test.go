package dm_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/messages"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

func TestPromise7AChannelThatOpensAfterItsUserLeftIsNotKept(t *testing.T) {
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

// slowFourth is a network whose fourth node is far away.
func slowFourth(a, b string) time.Duration {
	if a == "n4" || b == "n4" {
		return 20 * time.Millisecond
	}

	return time.Millisecond
}

// waits returns a user ID whose logins wait for the fourth node: that is its owner.
func (c *cluster) waits() string {
	for i := 0; ; i++ {
		id := fmt.Sprint("bob", i)
		began := time.Now()
		c.login(id, 0).quits()
		if time.Since(began) > 30*time.Millisecond {
			return id
		}
	}
}

func TestPromise6AChannelFollowsALoginReplacedBeforeItsWelcome(t *testing.T) {
	heard := &notes{}
	setup := heard.clears
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, slowFourth)
		c.begin(4, setup)
		id := c.waits()
		alice, bob := c.login("alice", 0), c.login(id, 1)
		bob.sends("alice", "hi", nil)
		second := c.nodes[2]
		go func() { _ = second.admit(context.Background(), second.connects(id)) }()
		time.Sleep(10 * time.Millisecond)
		third := c.login(id, 0)
		alice.hears("2.11 hi")
		third.has("alice@n1")
		third.quits()
		heard.are(t, id+" left alice")
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
		u := sessions.New(nd.users, "bob", user.NewSID(), &person{t: t})
		ctx, cancel := context.WithTimeout(c.t.Context(), 1500*time.Microsecond)
		defer cancel()
		if _, err := nd.dir.Claim(ctx, "bob", nodes.ParseSID(u.SID), 0); err == nil {
			t.Fatal("the login succeeded")
		}
		messages.Of(nd.dm).Abandoned(u)
		sessions.Discard(nd.users, u, user.Left)
		time.Sleep(100 * time.Millisecond)
		heard.are(t, "bob left alice")
		alice.has("")
	})
}

func TestPromise7AFailedLoginWithOlderChannelsIsALeave(t *testing.T) {
	heard := &notes{}
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, slowFourth)
		c.begin(4, heard.clears)
		id := c.waits()
		alice, bob := c.login("alice", 0), c.login(id, 1)
		bob.sends("alice", "hi", nil)
		nd := c.nodes[2]
		u := sessions.New(nd.users, id, user.NewSID(), &person{t: t})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := nd.dir.Claim(ctx, id, nodes.ParseSID(u.SID), 0); err == nil {
			t.Fatal("the login succeeded")
		}
		messages.Of(nd.dm).Abandoned(u)
		sessions.Discard(nd.users, u, user.Left)
		time.Sleep(100 * time.Millisecond)
		heard.are(t, id+" left alice")
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
		sessions.Remove(bob.node.users, bob.u)
		go messages.Of(bob.node.dm).Leave(bob.u, func(uint64) { gone <- true })
		time.Sleep(time.Second)
		newer := sessions.New(c.nodes[0].users, "bob", user.NewSID(), &person{t: c.t})
		messages.Of(bob.node.dm).HandOver(bob.u, nodes.Place{Node: c.nodes[0].members.Self(), SID: nodes.ParseSID(newer.SID)})
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
		newer := sessions.New(c.nodes[0].users, "bob", user.NewSID(), &person{t: c.t})
		sessions.Remove(bob.node.users, bob.u)
		messages.Of(bob.node.dm).HandOver(bob.u, nodes.Place{Node: c.nodes[0].members.Self(), SID: nodes.ParseSID(newer.SID)})
		gone := false
		messages.Of(bob.node.dm).Leave(bob.u, func(uint64) { gone = true })
		if !gone {
			c.t.Error("its leave waits for something")
		}
		asked.are(t)
	})
}

// The older session's connection is still open when the callbacks accept the message: the newer
// session takes over no channel with its sender, so it must not be delivered there.
func TestPromise7AMessageAcceptedByASessionJustReplaced(t *testing.T) {
	heard := &notes{}
	synctest.Test(t, func(t *testing.T) {
		accept := make(chan struct{}, 2)
		c := newCluster(t, aMillisecond)
		c.begin(2, func(m *dm.Module) {
			heard.clears(m)
			m.SetOnReceiveMessage(func(uint8, uint16, []byte, string, *user.User) bool {
				<-accept

				return true
			})
		})
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		outcome := make(chan error, 1)
		alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("hi"), func(err error) { outcome <- err })
		time.Sleep(10 * time.Millisecond) // it is with bob's callbacks
		c.pause = func() {
			accept <- struct{}{}
			c.pause = nil
			time.Sleep(10 * time.Millisecond)
		}
		newer := c.login("bob", 1)
		accept <- struct{}{}
		if err := <-outcome; err != nil {
			t.Error(err)
		}
		bob.hears()
		newer.hears("2.11 hi")
		newer.has("alice@n1")
		newer.quits()
		heard.are(t, "bob left alice")
		alice.has("")
		c.stop()
	})
}
