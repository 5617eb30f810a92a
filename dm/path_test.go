package dm_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
)

func TestPromise4WhatWasOnItsWayWhenAPathIsLostIsUnknownAtOnceAndLaterMessagesFindTheirWay(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice, bob := c.login("alice", 0), c.login("bob", 1)
		alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("open"), func(err error) {
			if err != nil {
				t.Error(err)
			}
		})
		bob.hears("2.11 open")
		c.net.Freeze(bob.node.mesh)
		var outcome error
		sent, took := time.Now(), time.Duration(-1)
		alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("on its way"), func(err error) { outcome, took = err, time.Since(sent) })
		synctest.Wait()
		if took >= 0 {
			t.Fatalf("an outcome while bob's node stands still: %v", outcome)
		}
		dm.PathLost(alice.node.dm, bob.node.mesh.Self())
		synctest.Wait()
		if !errors.Is(outcome, dm.ErrReliableTimeout) || took != 0 {
			t.Errorf("%v after %v, want ErrReliableTimeout at once", outcome, took)
		}
		c.net.Thaw(bob.node.mesh)
		done := make(chan error, 1)
		alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("later"), func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Errorf("later: %v", err)
		}
		bob.hears("2.11 on its way", "2.11 later") // it was only unknown
	})
}
