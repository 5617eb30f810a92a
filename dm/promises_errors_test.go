package dm_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

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
