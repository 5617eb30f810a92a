package dm_test

import (
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// These tests, with those of clear_test.go and channels_test.go, go through DESIGN section 5, row
// by row.

func TestAMessageIsPushedWithItsVerAndCmdOnTheSameAndOnAnotherNode(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob, carol := c.login("alice", 0), c.login("bob", 1), c.login("carol", 0)
		alice.sends("bob", "one", nil)
		alice.sends("bob", "two", nil)
		bob.sends("alice", "three", nil)
		alice.sends("carol", "four", nil)
		bob.hears("2.11 one", "2.11 two")
		alice.hears("2.11 three")
		carol.hears("2.11 four")
	})
}

func TestSendingToOneselfIsDeliveredLikeAnyOther(t *testing.T) {
	inCluster(t, 1, nil, func(c *cluster) {
		alice := c.login("alice", 0)
		alice.sends("alice", "a note", nil)
		alice.sends("alice", "another", nil)
		alice.hears("2.11 a note", "2.11 another")
	})
}

func TestABlankUserMaySend(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		bob := c.login("bob", 1)
		blank := &person{t: t, id: "system", node: c.nodes[0], u: user.CreateBlankUser("", "system")}
		blank.sends("bob", "welcome", nil)
		bob.hears("2.11 welcome")
		bob.sends("system", "thanks", dm.ErrUserNotFound)
	})
}

func TestCallbacksAreRefusedWhenNilOrAfterTheStart(t *testing.T) {
	receive := func(uint8, uint16, []byte, string, *user.User) bool { return false }
	message := func(uint8, uint16, []byte, string, *user.User) []byte { return []byte("changed") }
	farewell := func(*user.User, string) []byte { return []byte("changed") }
	cleared := &notes{}
	inCluster(t, 1, func(m *dm.Module) {
		if m.SetOnReceiveMessage(nil) || m.SetOnMessage(nil) || m.SetOnUserDisconnect(nil) {
			t.Error("a nil callback was taken")
		}
		m.SetOnClearCache(nil)
	}, func(c *cluster) {
		m := c.nodes[0].dm
		if m.SetOnReceiveMessage(receive) || m.SetOnMessage(message) || m.SetOnUserDisconnect(farewell) {
			t.Error("a callback was taken after the start")
		}
		m.SetOnClearCache(func(id string, _ *user.User) { cleared.addf("%s", id) })
		alice, bob := c.login("alice", 0), c.login("bob", 0)
		alice.sends("bob", "as it is", nil)
		alice.quits()
		bob.hears("2.11 as it is")
		cleared.are(t)
	})
}

func TestAllReceiveCallbacksMustAcceptAndRunInOrder(t *testing.T) {
	asked := &notes{}
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(ver uint8, cmd uint16, msg []byte, from string, to *user.User) bool {
			asked.addf("first %d.%d %s %s→%s", ver, cmd, msg, from, to.ID)

			return string(msg) != "no"
		})
		m.SetOnReceiveMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) bool {
			asked.addf("second %s", msg)

			return string(msg) != "nor this"
		})
		m.SetOnMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) []byte {
			asked.addf("message %s", msg)

			return nil
		})
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "no", nil)
		alice.has("")
		alice.sends("bob", "nor this", nil)
		alice.has("")
		alice.sends("bob", "yes", nil)
		alice.has("bob@n2")
		bob.has("alice@n1")
		bob.hears("2.11 yes")
		asked.are(t, "first 2.11 no alice→bob", "first 2.11 nor this alice→bob", "second nor this",
			"first 2.11 yes alice→bob", "second yes", "message yes")
	})
}

func TestEachMessageCallbackSeesWhatTheOneBeforeMade(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) []byte {
			if string(msg) == "secret" {
				return []byte{}
			}

			return append([]byte("1"), msg...)
		})
		m.SetOnMessage(func(_ uint8, _ uint16, _ []byte, _ string, _ *user.User) []byte { return nil })
		m.SetOnMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) []byte {
			if len(msg) == 0 {
				return nil
			}

			return append([]byte("3"), msg...)
		})
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "x", nil)
		alice.sends("bob", "secret", nil)
		bob.hears("2.11 31x")
	})
}

func TestAReceiptTellsDeliveredDeclinedAndDroppedApart(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) bool { return string(msg) != "decline" })
		m.SetOnMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) []byte {
			if string(msg) == "drop" {
				return []byte{}
			}

			return nil
		})
	}, func(c *cluster) {
		for _, at := range []int{0, 1} {
			alice, bob := c.login("alice", 0), c.login("bob", at)
			for text, want := range map[string]dm.Result{"hi": dm.Delivered, "decline": dm.Declined, "drop": dm.Dropped} {
				r, err := alice.node.dm.Send(c.t.Context(), alice.u, "bob", dm.Message{Ver: 2, Cmd: 1, Body: []byte(text)})
				if err != nil || r.Result != want {
					t.Errorf("%q: %v, %v; want %v", text, r.Result, err, want)
				}
			}
			bob.quits()
		}
	})
}

func TestAMessageOfTheEngineCarriesTheSender(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		_, err := alice.node.dm.Send(c.t.Context(), alice.u, "bob", dm.Message{Ver: 1, Cmd: 701, Body: []byte("hi")})
		if err != nil {
			t.Error(err)
		}
		bob.hears("1.701 alice: hi")
	})
}
