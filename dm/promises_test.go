package dm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// These tests go through DESIGN section 4, promise by promise. Promises 5 and 6 are kept with the
// directory, and tested with real clients in package parley as well.

func TestPromise1TheCallbackIsCalledOnceOnAnotherGoroutine(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		carol := c.login("carol", 0)
		var calls atomic.Int32
		msg := []byte("first")
		for _, to := range []string{"bob", "carol", "nobody", "", "bob"} {
			alice.node.dm.SendMessageByUserID(alice.u, to, 2, 11, msg, func(error) { calls.Add(1) })
		}
		alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, nil, func(err error) {
			if !errors.Is(err, dm.ErrMessageNil) {
				t.Errorf("nil message: %v", err)
			}
			calls.Add(1)
		})
		alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, msg, nil) // a nil callback is allowed
		copy(msg, "XXXXX")
		bob.hears("2.11 first", "2.11 first", "2.11 first")
		carol.hears("2.11 first")
		if calls.Load() != 6 {
			t.Errorf("%d callbacks, want 6", calls.Load())
		}
	})
}

func TestPromise1ACallbackMayWaitForAnotherMessageOfItsUserToBeSent(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		done := make(chan struct{})
		alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("one"), func(error) {
			if _, err := alice.node.dm.Send(context.Background(), alice.u, "bob", dm.Message{Ver: 2, Cmd: 11, Body: []byte("two")}); err != nil {
				t.Error(err)
			}
			close(done)
		})
		<-done
		bob.hears("2.11 one", "2.11 two")
	})
}

func TestPromise2NilMeansHandedToTheOperatingSystemNotQueued(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		bob.stalled = true
		var outcome atomic.Value
		alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("hi"), func(err error) { outcome.Store(fmt.Sprint(err)) })
		time.Sleep(time.Second)
		synctest.Wait()
		if v := outcome.Load(); v != nil {
			t.Fatalf("the message sits in our queue, and its outcome is %v", v)
		}
		bob.queued[0].Pushed(nil)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if v := outcome.Load(); v != "<nil>" {
			t.Fatalf("outcome %v, want nil", v)
		}
	})
}

func TestPromise3MessagesArriveInTheOrderInWhichTheyWereSentEachOnce(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnMessage(func(uint8, uint16, []byte, string, *user.User) []byte { return nil })
	}, func(c *cluster) {
		alice := c.login("alice", 0)
		for at := range 2 {
			bob := c.login(fmt.Sprintf("bob%d", at), at)
			var want []string
			var left atomic.Int32
			for i := range 500 {
				text := fmt.Sprint(i)
				want = append(want, "2.11 "+text)
				left.Add(1)
				alice.node.dm.SendMessageByUserID(alice.u, bob.id, 2, 11, []byte(text), func(err error) {
					if err != nil {
						t.Error(err)
					}
					left.Add(-1)
				})
			}
			bob.hears(want...)
			if left.Load() != 0 {
				t.Errorf("%d callbacks are missing", left.Load())
			}
		}
	})
}

func TestPromise3And8OrderHoldsWhileTheRecipientMovesFromNodeToNode(t *testing.T) {
	inCluster(t, 3, nil, func(c *cluster) {
		alice := c.login("alice", 0)
		bobs := []*person{c.login("bob", 1)}
		var outcomes atomic.Int32
		const n = 300
		for i := range n {
			alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte(fmt.Sprint(i)), func(err error) {
				if err != nil {
					t.Errorf("message %d: %v", i, err)
				}
				outcomes.Add(1)
			})
			if i%50 == 49 {
				bobs = append(bobs, c.login("bob", (i/50)%3))
			}
			time.Sleep(300 * time.Microsecond)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if outcomes.Load() != n {
			t.Errorf("%d of %d callbacks", outcomes.Load(), n)
		}
		next := 0
		for _, b := range bobs {
			for _, text := range b.heard {
				if text != fmt.Sprintf("2.11 %d", next) {
					t.Fatalf("heard %q, want %d", text, next)
				}
				next++
			}
		}
		if next != n {
			t.Errorf("%d messages arrived, want %d", next, n)
		}
	})
}

func TestPromise4EveryErrorIsItsOwnAndNamesTheUserID(t *testing.T) {
	inCluster(t, 3, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) bool {
			if string(msg) == "panic" {
				panic("a bug in the application")
			}

			return true
		})
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		busy := c.login("busy", 1)
		busy.full = true
		stalled := c.login("stalled", 1)
		stalled.stalled = true
		for _, tc := range []struct {
			to, text string
			want     error
		}{
			{"bob", "", dm.ErrMessageNil},
			{"bob", strings.Repeat("x", 65537), dm.ErrMessageTooLarge},
			{"nobody", "hi", dm.ErrUserNotFound},
			{"", "hi", dm.ErrBadUserID},
			{"no\x00body", "hi", dm.ErrBadUserID},
			{strings.Repeat("x", 129), "hi", dm.ErrBadUserID},
			{"busy", "hi", dm.ErrRecipientBusy},
			{"stalled", "hi", dm.ErrReliableTimeout},
			{"bob", "panic", dm.ErrInternal},
			{"bob", strings.Repeat("x", 65536), nil},
		} {
			err := alice.send(tc.to, tc.text)
			if !errors.Is(err, tc.want) {
				t.Errorf("to %q: %v, want %v", tc.to, err, tc.want)
			}
			if tc.want != nil && !strings.Contains(err.Error(), tc.to) {
				t.Errorf("%q does not name %q", err, tc.to)
			}
			var typed *dm.Error
			if err != nil && (!errors.As(err, &typed) || typed.UserID != tc.to) {
				t.Errorf("%v is no *dm.Error with the user ID", err)
			}
		}
		c.nodes[0].asked.fails(true)
		alice.sends("elsewhere", "hi", dm.ErrNodesNotFound)
		_ = bob
	})
}

func TestPromise4AStalledRecipientTimesOutAfterTheReliableTimeout(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "hi", nil)
		bob.stalled = true
		start := time.Now()
		alice.sends("bob", "lost?", dm.ErrReliableTimeout)
		if took := time.Since(start); took < 3*time.Second || took > 3200*time.Millisecond {
			t.Errorf("it took %v, want 3 s", took)
		}
	})
}

func TestPromise4ASenderFasterThanItsRecipientGetsErrOverloaded(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		bob.stalled = true
		outcomes := make(chan error, 3000)
		for range 2000 {
			alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("x"), func(err error) { outcomes <- err })
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		counts := map[string]int{}
		for len(outcomes) > 0 {
			err := <-outcomes
			switch {
			case errors.Is(err, dm.ErrOverloaded):
				counts["overloaded"]++
			case errors.Is(err, dm.ErrReliableTimeout):
				counts["timeout"]++
			default:
				t.Fatalf("unexpected %v", err)
			}
		}
		if counts["overloaded"] != 976 || counts["timeout"] != 1024 {
			t.Errorf("%v", counts)
		}
		bob.stalled = false
		alice.sends("bob", "after", nil)
	})
}

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

func TestPromise8ARecipientThatMovedIsFoundAgainByTheNextMessage(t *testing.T) {
	inCluster(t, 3, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "one", nil)
		bob.quits()
		alice.sends("bob", "two", dm.ErrUserNotFound)
		bob = c.login("bob", 2)
		alice.sends("bob", "three", nil)
		bob.hears("2.11 three")
		c.nodes[2].crash()
		time.Sleep(2 * time.Second) // until then alice's node does not know, and a message is lost: its outcome is unknown
		bob = c.login("bob", 1)
		alice.sends("bob", "four", nil)
		bob.hears("2.11 four")
	})
}

func TestPromise9ACallbackThatBlocksDelaysOnlyItsOwnUser(t *testing.T) {
	release := make(chan struct{})
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(_ uint8, _ uint16, _ []byte, _ string, to *user.User) bool {
			if to.ID == "slow" {
				<-release
			}

			return true
		})
	}, func(c *cluster) {
		release = make(chan struct{}) // of this bubble
		alice, bob, slow := c.login("alice", 0), c.login("bob", 1), c.login("slow", 1)
		alice.sends("slow", "one", dm.ErrReliableTimeout)
		alice.sends("bob", "quick", nil)
		close(release)
		bob.hears("2.11 quick")
		slow.hears("2.11 one") // late, and only once
		alice.sends("slow", "two", nil)
		slow.hears("2.11 two")
	})
}

func TestPromise9ACallbackThatPanicsCostsOneMessage(t *testing.T) {
	inCluster(t, 2, func(m *dm.Module) {
		m.SetOnMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) []byte {
			if string(msg) == "bad" {
				panic("a bug in the application")
			}

			return nil
		})
	}, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.sends("bob", "bad", dm.ErrInternal)
		alice.sends("bob", "good", nil)
		alice.sends("bob", "bad", dm.ErrInternal)
		alice.sends("bob", "good", nil)
		bob.hears("2.11 good", "2.11 good")
		if n := bob.node.dm.Stats().Panics; n != 2 {
			t.Errorf("%d panics were counted, want 2", n)
		}
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

func TestPromise4ALookupThatFailsIsNodesNotFound(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		c.nodes[0].asked.fails(true)
		alice.sends("bob", "one", dm.ErrNodesNotFound)
		c.nodes[0].asked.fails(false)
		alice.sends("bob", "two", nil)
		c.nodes[0].asked.fails(true)
		alice.sends("bob", "the channel needs no lookup", nil)
		bob.hears("2.11 two", "2.11 the channel needs no lookup")
	})
}

func TestCommandsOfTheClientSendConnectAndDisconnect(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		peer := func(id, rest string) string { return string(rune(len(id))) + id + rest }
		alice.command(1, 702, peer("bob", ""))
		alice.hears("re 1 1.702 status 1 delivered")
		alice.has("bob@n2")
		alice.command(2, 701, peer("bob", "hi"))
		alice.hears("re 2 1.701 status 1 delivered")
		alice.command(0, 701, peer("bob", "no answer wanted"))
		alice.command(3, 700, peer("bob", "bye"))
		alice.hears("re 3 1.700 status 1")
		bob.hears("1.701 alice: hi", "1.701 alice: no answer wanted", "1.700 alice: bye")
		alice.has("")
		bob.has("")
		for text, want := range map[string]string{
			"":                             "4001",
			"\x00hi":                       "4001",
			"\x09bob":                      "4001",
			"\x03b\x01bhi":                 "4001",
			peer("bob", ""):                "5002",
			peer("nobody", "hi"):           "5004",
			peer("bob", string(tooLarge)):  "5005",
			peer("\xff\xfe", "not a name"): "4001",
		} {
			alice.command(7, 701, text)
			alice.hears("re 7 1.701 status " + want[:1] + " " + want)
		}
		alice.command(8, 700, "")
		alice.hears("re 8 1.700 status 4 4001")
		alice.command(9, 700, peer("nobody", ""))
		alice.hears("re 9 1.700 status 1")
		alice.command(10, 799, "")
		alice.hears("re 10 1.799 status 4 4002")
	})
}

var tooLarge = make([]byte, 65537)

// command gives a client's command to the router of its node.
func (p *person) command(id uint32, cmd uint16, payload string) {
	p.node.router.Dispatch(&p.line, request(p.u, id, cmd, []byte(payload)))
}

func TestDataHasItsCompactForm(t *testing.T) {
	find := dm.FindData{MyUserID: "alice", YourUserID: "bob", MyNodeAddr: "n1#01", Ver: 2, Cmd: 700, Message: []byte("hi")}
	b, err := find.AppendBinary(nil)
	if err != nil || string(b) != "\x05alice\x03bob\x05n1#01\x02\x02\xbchi" {
		t.Errorf("%q, %v", b, err)
	}
	var back dm.FindData
	if err := back.UnmarshalBinary(b); err != nil || fmt.Sprint(back) != fmt.Sprint(find) {
		t.Errorf("%v, %v", back, err)
	}
	send := dm.SendData{MyUserID: "alice", YourUserID: "bob", Ver: 2, Cmd: 700, Message: []byte("hi")}
	if b, err = send.AppendBinary(nil); err != nil || string(b) != "\x05alice\x03bob\x02\x02\xbchi" {
		t.Errorf("%q, %v", b, err)
	}
	var sent dm.SendData
	if err := sent.UnmarshalBinary(b); err != nil || fmt.Sprint(sent) != fmt.Sprint(send) {
		t.Errorf("%v, %v", sent, err)
	}
	for n := range len(b) - 2 {
		if err := sent.UnmarshalBinary(b[:n]); err == nil {
			t.Errorf("%d bytes of %d were taken", n, len(b))
		}
	}
	send.MyUserID = strings.Repeat("x", 256)
	if _, err := send.AppendBinary(nil); err == nil {
		t.Error("a user ID of 256 bytes was taken")
	}
}

func FuzzDataTakesAnyBytes(f *testing.F) {
	f.Add([]byte("\x05alice\x03bob\x05n1#01\x02\x02\xbchi"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var find dm.FindData
		if find.UnmarshalBinary(b) == nil {
			if again, err := find.AppendBinary(nil); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x became %x, %v", b, again, err)
			}
		}
		var send dm.SendData
		if send.UnmarshalBinary(b) == nil {
			if again, err := send.AppendBinary(nil); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x became %x, %v", b, again, err)
			}
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

func TestPromise8WhatWaitsForASessionThatIsReplacedReachesTheNewerOne(t *testing.T) {
	inCluster(t, 3, nil, func(c *cluster) {
		for at := range 3 {
			alice, bob := c.login("alice", 0), c.login("bob", 1)
			alice.sends("bob", "hi", nil)
			bob.stalled = true
			outcome := make(chan error, 3)
			for i := range 3 {
				alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte(fmt.Sprint(i)), func(err error) { outcome <- err })
			}
			time.Sleep(time.Second)
			newer := c.login("bob", at)
			for _, d := range bob.queued { // what the gateway does when the connection ends
				d.Pushed(sessions.ErrClosed)
			}
			for range 3 {
				if err := <-outcome; err != nil {
					t.Errorf("bob moved to node %d: %v", at+1, err)
				}
			}
			newer.hears("2.11 0", "2.11 1", "2.11 2")
		}
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
