package dm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// These tests go through DESIGN section 5, row by row.

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
