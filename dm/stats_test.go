package dm_test

import (
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

func TestStatsCountEachOutcomeByItsName(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) bool {
			if string(msg) == "panic" {
				panic("a bug in the application")
			}

			return string(msg) != "decline"
		})
		m.SetOnMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) []byte {
			if string(msg) == "empty" {
				return []byte{}
			}

			return nil
		})
	}, func(c *cluster) {
		alice, bob, full := c.login("alice", 0), c.login("bob", 1), c.login("full", 1)
		full.full = true
		for _, text := range []string{"hi", "decline", "empty", "", "panic", string(tooLarge)} {
			_ = alice.send("bob", text)
		}
		for _, to := range []string{"nobody", "full", "no\x00body"} {
			_ = alice.send(to, "hi")
		}
		bob.stalled = true
		_ = alice.send("bob", "stalled")
		got, want := alice.node.dm.Stats(), dm.Stats{
			Sent: 7, Lookups: 3, Delivered: 1, Declined: 1, Dropped: 1, TimedOut: 1, Nil: 1, UserNotFound: 1, TooLarge: 1,
			RecipientBusy: 1, Internal: 1, Malformed: 1,
		}
		if got != want {
			t.Errorf("the sender's node counts\n%+v, want\n%+v", got, want)
		}
		if got, want := bob.node.dm.Stats(), (dm.Stats{Received: 6, Panics: 1}); got != want {
			t.Errorf("the recipient's node counts\n%+v, want\n%+v", got, want)
		}
		bob.unstall()
	})
}
