package dm_test

import (
	"strings"
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

func TestClearWithAMessageDoesNotCallSetOnClearCache(t *testing.T) {
	cleared := &notes{}
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnClearCache(func(id string, stayer *user.User) { cleared.addf("%s left %s", id, stayer.ID) })
		m.SetOnMessage(func(_ uint8, cmd uint16, msg []byte, _ string, _ *user.User) []byte {
			if cmd == 12 {
				return []byte(strings.ToUpper(string(msg)))
			}

			return nil
		})
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "hi", nil)
		alice.node.dm.ClearCacheByUserID(alice.u, "bob", 2, 12, []byte("bye"))
		bob.hears("2.11 hi", "2.12 BYE")
		alice.has("")
		bob.has("")
		cleared.are(t)
	})
}

func TestClearWithoutAMessageCallsSetOnClearCacheAtThePeer(t *testing.T) {
	cleared := &notes{}
	inCluster(t, 2, cleared.clears, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "hi", nil)
		bob.node.dm.ClearCacheByUserID(bob.u, "alice", 2, 12, nil)
		cleared.are(t, "bob left alice")
		alice.has("")
		bob.has("")
		alice.sends("bob", "again", nil)
		alice.has("bob@n2")
		bob.hears("2.11 hi", "2.11 again")
	})
}

func TestAClearWhoseMessageIsTooLargeGoesWithoutIt(t *testing.T) {
	cleared := &notes{}
	inCluster(t, 2, cleared.clears, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "hi", nil)
		alice.node.dm.ClearCacheByUserID(alice.u, "bob", 2, 12, make([]byte, dm.DefaultSettings().MaxMessageSize+1))
		cleared.are(t, "alice left bob")
		bob.hears("2.11 hi")
		alice.has("")
		bob.has("")
	})
}

func TestClearWithNoChannelDoesNothing(t *testing.T) {
	cleared := &notes{}
	inCluster(t, 2, cleared.clears, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.node.dm.ClearCacheByUserID(alice.u, "bob", 2, 12, []byte("bye"))
		alice.node.dm.ClearCacheByUserID(alice.u, "nobody", 2, 12, nil)
		bob.hears()
		cleared.are(t)
	})
}
