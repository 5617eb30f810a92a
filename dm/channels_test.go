package dm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

func TestAUserWhoLeavesIsNoticedByEveryPeer(t *testing.T) {
	cleared := &notes{}
	inCluster(t, 3, func(m *dm.Module) {
		m.SetOnClearCache(func(id string, stayer *user.User) { cleared.addf("%s left %s", id, stayer.ID) })
		m.SetOnUserDisconnect(func(*user.User, string) []byte { return []byte("overruled") })
		m.SetOnUserDisconnect(func(u *user.User, peer string) []byte {
			if peer == "dave" {
				return []byte{}
			}

			return []byte(u.ID + " waves to " + peer)
		})
		m.SetOnUserDisconnect(func(*user.User, string) []byte { return nil })
	}, func(c *cluster) {
		alice := c.login("alice", 0)
		bob, carol, dave, erin := c.login("bob", 0), c.login("carol", 1), c.login("dave", 2), c.login("erin", 2)
		alice.sends("bob", "hi", nil)
		alice.sends("carol", "hi", nil)
		dave.sends("alice", "hi", nil)
		alice.quits()
		bob.hears("2.11 hi", "1.700 alice: alice waves to bob")
		carol.hears("2.11 hi", "1.700 alice: alice waves to carol")
		dave.hears()
		erin.hears()
		cleared.are(t, "alice left dave")
		for _, p := range []*person{bob, carol, dave} {
			p.has("")
			p.sends("alice", "still there?", dm.ErrUserNotFound)
		}
	})
}

func TestANodesDeathCallsSetOnClearCacheForEachChannel(t *testing.T) {
	cleared := &notes{}
	inCluster(t, 3, func(m *dm.Module) {
		m.SetOnClearCache(func(id string, stayer *user.User) { cleared.addf("%s left %s", id, stayer.ID) })
		m.SetOnUserDisconnect(func(*user.User, string) []byte { return []byte("bye") })
	}, func(c *cluster) {
		alice, bob, carol := c.login("alice", 0), c.login("bob", 2), c.login("carol", 1)
		alice.sends("bob", "hi", nil)
		bob.sends("carol", "hi", nil)
		alice.sends("carol", "hi", nil)
		cleared.are(t)
		c.nodes[2].crash()
		time.Sleep(1800 * time.Millisecond)
		cleared.sort()
		cleared.are(t, "bob left alice", "bob left carol")
		alice.has("carol@n2")
		alice.sends("bob", "gone?", dm.ErrUserNotFound)
		carol.hears("2.11 hi", "2.11 hi")
	})
}

func TestIdleChannelsAreDroppedOnBothSidesInSilence(t *testing.T) {
	heard := &notes{}
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnClearCache(func(id string, stayer *user.User) { heard.addf("%s left %s", id, stayer.ID) })
		s := dm.DefaultSettings()
		s.ChannelIdleTimeout = time.Minute
		configure(m, s)
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "hi", nil)
		time.Sleep(50 * time.Second)
		bob.sends("alice", "still here", nil)
		time.Sleep(50 * time.Second)
		alice.has("bob@n2")
		time.Sleep(15 * time.Second)
		alice.has("")
		bob.has("")
		alice.sends("bob", "found again", nil)
		bob.hears("2.11 hi", "2.11 found again")
		alice.hears("2.11 still here")
		heard.are(t)
	})
}

func TestTheLeastRecentlyUsedChannelIsDroppedOnBothSides(t *testing.T) {
	heard := &notes{}
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnClearCache(func(id string, stayer *user.User) { heard.addf("%s left %s", id, stayer.ID) })
		s := dm.DefaultSettings()
		s.MaxChannelsPerUser = 2
		configure(m, s)
	}, func(c *cluster) {
		alice := c.login("alice", 0)
		b, d, e := c.login("b", 1), c.login("d", 1), c.login("e", 0)
		for _, to := range []string{"b", "d", "b", "e"} {
			alice.sends(to, "hi "+to, nil)
			time.Sleep(time.Second)
		}
		alice.has("b@n2 e@n1")
		d.has("")
		b.has("alice@n1")
		e.has("alice@n1")
		alice.sends("d", "found again", nil)
		d.hears("2.11 hi d", "2.11 found again")
		heard.are(t)
	})
}

func TestConnectOpensTheChannelUnlessTheRecipientDeclines(t *testing.T) {
	asked := &notes{}
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(ver uint8, cmd uint16, msg []byte, from string, _ *user.User) bool {
			asked.addf("%d.%d %q from %s", ver, cmd, msg, from)

			return from != "mallory"
		})
	}, func(c *cluster) {
		alice, mallory, bob := c.login("alice", 0), c.login("mallory", 0), c.login("bob", 1)
		r, err := alice.node.dm.Connect(c.t.Context(), alice.u, "bob")
		if err != nil || r.Result != dm.Delivered {
			t.Errorf("connect: %v, %v", r, err)
		}
		alice.has("bob@n2")
		bob.has("alice@n1")
		if r, err = alice.node.dm.Connect(c.t.Context(), alice.u, "bob"); err != nil || r.Result != dm.Delivered {
			t.Errorf("connect again: %v, %v", r, err)
		}
		if r, err = mallory.node.dm.Connect(c.t.Context(), mallory.u, "bob"); err != nil || r.Result != dm.Declined {
			t.Errorf("mallory: %v, %v", r, err)
		}
		mallory.has("")
		bob.has("alice@n1")
		bob.hears()
		asked.are(t, `1.702 "" from alice`, `1.702 "" from mallory`)
		if _, err := alice.node.dm.Connect(c.t.Context(), alice.u, "nobody"); !errors.Is(err, dm.ErrUserNotFound) {
			t.Errorf("connect to nobody: %v", err)
		}
	})
}
