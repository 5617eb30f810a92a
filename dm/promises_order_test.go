package dm_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

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
