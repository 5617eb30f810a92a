package dm_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// The tests of the promises_*_test.go files go through DESIGN section 4, promise by promise. This
// file has those of callbacks. Promises 5 and 6 are kept with the directory, and tested with real
// clients in package parley as well.

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
