package parley_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// change is one call of OnSIDUpdate.
type change struct{ old, now string }

// updates collects the calls on all nodes, by user ID.
type updates struct {
	mu  sync.Mutex
	got map[string][]change // guarded by mu
}

func (c *updates) watch(_ int, s *parley.Server) {
	s.Users().OnSIDUpdate(func(oldSID, newSID string, u *user.User) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if newSID != u.SID || s.Users().BySID(newSID) != u {
			newSID = "is not that of the session: " + newSID
		}
		if c.got == nil {
			c.got = map[string][]change{}
		}
		c.got[u.ID] = append(c.got[u.ID], change{oldSID, newSID})
	})
}

func (c *updates) of(userID string) []change {
	c.mu.Lock()
	defer c.mu.Unlock()

	return slices.Clone(c.got[userID])
}

func TestOnSIDUpdateComesAfterOnNew(t *testing.T) {
	var (
		mu    sync.Mutex
		calls []string
	)
	call := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, what)
	}
	news := make(chan *user.User)
	goOn := make(chan struct{})
	c := way{}.newCluster(t, 2, func(_ int, s *parley.Server) {
		s.Users().OnNew(func(u *user.User) {
			news <- u
			<-goOn
			call("new")
		})
		s.Users().OnSIDUpdate(func(string, string, *user.User) { call("update") })
	})
	go func() {
		u := <-news
		defer close(goOn)
		sid, older := sessions.Of(u).SID(), node.SID{1}
		if err := c.nodes[0].SendPacket(parley.PortSessions, c.nodes[1].ID(), append(sid[:], older[:]...)); err != nil {
			t.Error(err)
		}
		c.eventually("the packet is there", func() bool { return c.nodes[1].WaitingPredecessors() == 1 })
	}()
	c.login("alice", 1, false)
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(calls, []string{"new", "update"}) {
		t.Error(calls)
	}
	if n := c.nodes[1].WaitingPredecessors(); n != 0 {
		t.Errorf("%d wait for a login that is over", n)
	}
}
