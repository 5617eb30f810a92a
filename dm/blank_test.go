package dm_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/messages"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

func (nd *node) blank(sid, id string) *person {
	return &person{t: nd.c.t, id: id, node: nd, u: user.CreateBlankUser(sid, id)}
}

func TestPromise11BlankUsersOfOneIDSendFromAllNodesAtOnce(t *testing.T) {
	for _, sid := range []string{"", "one for all"} {
		inCluster(t, 3, nil, func(c *cluster) {
			bob, ann := c.login("bob", 1), c.login("ann", 2)
			senders := []*person{ann, c.nodes[0].blank(sid, "ann"), c.nodes[1].blank(sid, "ann"), c.nodes[2].blank(sid, "ann")}
			const n = 50
			for i := range n {
				for k, p := range senders {
					p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, fmt.Append(nil, k, " ", i), func(err error) {
						if err != nil {
							t.Errorf("sender %d, message %d: %v", k, i, err)
						}
					})
				}
				time.Sleep(100 * time.Microsecond)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			next := make([]int, len(senders))
			for _, text := range bob.heard {
				var k, i int
				if _, err := fmt.Sscanf(text, "2.11 %d %d", &k, &i); err != nil || i != next[k] {
					t.Fatalf("heard %q, %v; want %d of sender %d", text, err, next[k], k)
				}
				next[k]++
			}
			for k, got := range next {
				if got != n {
					t.Errorf("%d messages of sender %d arrived, want %d", got, k, n)
				}
			}
			bob.has("ann@n3") // by the connected user's own messages
		})
	}
}

func TestPromise11ABlankUserPerRequestHoldsNothingAfterwards(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		bob := c.login("bob", 1)
		var left atomic.Int32
		const n = 3000
		left.Store(n)
		for i := range n {
			p := c.nodes[i%2].blank("", "system")
			p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, []byte("hi"), func(err error) {
				if err != nil {
					t.Error(err)
				}
				left.Add(-1)
			})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if left.Load() != 0 {
			t.Errorf("%d messages have no outcome", left.Load())
		}
		bob.has("")
		for i, want := range []dm.Holdings{{}, {Sessions: 1}} { // bob's
			h := c.nodes[i].dm.Holds()
			if h.Watched = 0; h != want {
				t.Errorf("n%d holds %+v, want %+v", i+1, h, want)
			}
		}
	})
}

func TestPromise11ABlankUserFollowsItsRecipientFromNodeToNode(t *testing.T) {
	inCluster(t, 4, nil, func(c *cluster) {
		clerks := []*person{c.nodes[0].blank("", "bob"), c.nodes[3].blank("", "bob")}
		bobs := []*person{c.login("bob", 1)}
		const n = 300
		var outcomes atomic.Int32
		for i := range n {
			for k, p := range clerks {
				p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, fmt.Append(nil, k, " ", i), func(err error) {
					if err != nil {
						t.Errorf("clerk %d, message %d: %v", k, i, err)
					}
					outcomes.Add(1)
				})
			}
			if i%50 == 49 {
				bobs = append(bobs, c.login("bob", (i/50)%4))
			}
			time.Sleep(300 * time.Microsecond)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if outcomes.Load() != 2*n {
			t.Errorf("%d of %d callbacks", outcomes.Load(), 2*n)
		}
		next := make([]int, len(clerks))
		for _, b := range bobs {
			for _, text := range b.heard {
				var k, i int
				if _, err := fmt.Sscanf(text, "2.11 %d %d", &k, &i); err != nil || i != next[k] {
					t.Fatalf("heard %q, %v; want %d of clerk %d", text, err, next[k], k)
				}
				next[k]++
			}
		}
		if next[0] != n || next[1] != n {
			t.Errorf("%v messages arrived, want %d each", next, n)
		}
	})
}

func TestABlankUserWhoseCallbacksBlockIsBounded(t *testing.T) {
	block := make(chan struct{})
	inCluster(t, 2, nil, func(c *cluster) {
		block = make(chan struct{}) // of this bubble
		c.login("bob", 1)
		clerk := c.nodes[0].blank("", "clerk")
		var overloaded, calls atomic.Int32
		const n = 12000
		for i := range n {
			clerk.node.dm.SendMessageByUserID(clerk.u, "bob", 2, 11, []byte("x"), func(err error) {
				if errors.Is(err, dm.ErrOverloaded) {
					overloaded.Add(1)
				} else {
					<-block
				}
				calls.Add(1)
			})
			if i%500 == 499 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		if h := clerk.node.dm.Holds(); h.Calls > 4096+1024 || overloaded.Load() == 0 || h.Sessions != 1 {
			t.Errorf("%d sessions, %d outcomes wait for a callback that blocks, %d messages were refused", h.Sessions, h.Calls, overloaded.Load())
		}
		close(block)
		time.Sleep(time.Second)
		synctest.Wait()
		if h := clerk.node.dm.Holds(); calls.Load() != n || h.Sessions != 0 {
			t.Errorf("%d callbacks, want %d; %d sessions are held", calls.Load(), n, h.Sessions)
		}
	})
}

func TestOnlineAsksThisNodeThenTheDirectory(t *testing.T) {
	inCluster(t, 3, nil, func(c *cluster) {
		c.login("here", 0)
		c.login("there", 2)
		m := c.nodes[0].dm
		for id, want := range map[string]bool{"here": true, "there": true, "elsewhere": false} {
			if got, err := m.Online(c.t.Context(), id); got != want || err != nil {
				t.Errorf("%s: %v, %v", id, got, err)
			}
		}
		if _, err := m.Online(c.t.Context(), "no\x00body"); !errors.Is(err, dm.ErrBadUserID) || errors.Is(err, dm.ErrNoSender) {
			t.Errorf("no user ID: %v", err)
		}
		c.nodes[0].asked.fails(true)
		if _, err := m.Online(c.t.Context(), "there"); !errors.Is(err, dm.ErrNodesNotFound) {
			t.Errorf("not settled: %v", err)
		}
		if _, err := dm.New().Online(c.t.Context(), "there"); !errors.Is(err, dm.ErrNodesNotFound) {
			t.Errorf("not running: %v", err)
		}
	})
}

func TestANilSenderIsRefused(t *testing.T) {
	inCluster(t, 1, nil, func(c *cluster) {
		m := c.nodes[0].dm
		msg := dm.Message{Ver: 2, Cmd: 11, Body: []byte("hi")}
		if _, err := m.Send(c.t.Context(), nil, "bob", msg); !errors.Is(err, dm.ErrNoSender) || errors.Is(err, dm.ErrBadUserID) || dm.CodeOf(err) != 4001 {
			t.Error(err)
		}
		if _, err := m.Disconnect(c.t.Context(), nil, "bob", msg); !errors.Is(err, dm.ErrNoSender) {
			t.Error(err)
		}
		m.ClearCacheByUserID(nil, "bob", 2, 12, nil)
		if m.Channels(nil) != nil && len(m.Channels(nil)) != 0 {
			t.Error("nil has channels")
		}
		if got := m.Stats(); got.Malformed != 1 || got.Sent != 0 {
			t.Errorf("%+v", got)
		}
		messages.Of(m).NodeDown(nodes.ID{}) // of no effect
	})
}
