package dm_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// tally counts outcomes by their names.
type tally struct {
	mu    sync.Mutex
	count map[string]int
}

func (t *tally) add(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count == nil {
		t.count = map[string]int{}
	}
	t.count[describe(err)]++
}

// are returns the counts, and begins anew.
func (t *tally) are() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer clear(t.count)

	return fmt.Sprint(t.count)
}

const (
	itemBound = 1024    // messages of one user to one peer
	byteBound = 8 << 20 // bytes of one user's messages, and of what waits for one user's callbacks
	laneBound = 4096    // messages that wait for one user's callbacks
)

func TestASenderFasterThanItsRecipientHoldsNoMoreThanItsBound(t *testing.T) {
	inCluster(t, 2, nil, func(c *cluster) {
		alice := c.login("alice", 0)
		var stalled []*person // many: each takes a quarter of its queue from alice at most
		for i := range 40 {
			p := c.login(fmt.Sprint("p", i), 1)
			alice.sends(p.id, "hi", nil)
			p.stalled = true
			stalled = append(stalled, p)
		}
		var out tally
		body := []byte(strings.Repeat("x", 60000))
		for i := range 400 {
			alice.node.dm.SendMessageByUserID(alice.u, stalled[i%len(stalled)].id, 2, 11, body, out.add)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if h := alice.node.dm.Holds(); h.Bytes > byteBound || h.Bytes < byteBound-len(body) {
			t.Errorf("%d bytes wait, the bound is %d", h.Bytes, byteBound)
		}
		if got := out.are(); got != "map[overloaded:261]" {
			t.Errorf("outcomes %s", got)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if got := out.are(); got != "map[timeout:139]" {
			t.Errorf("outcomes %s", got)
		}
		for _, p := range stalled {
			p.unstall()
			alice.sends(p.id, "recovered", nil)
		}
		if h := alice.node.dm.Holds(); h.Bytes != 0 || h.Items != 0 {
			t.Errorf("still %d bytes of %d messages wait", h.Bytes, h.Items)
		}
	})
}

func TestAThousandSendersToOneRecipient(t *testing.T) {
	var gate atomic.Pointer[chan struct{}]
	inCluster(t, 3, func(m *dm.Module) {
		m.SetOnReceiveMessage(func(uint8, uint16, []byte, string, *user.User) bool {
			if g := gate.Load(); g != nil {
				<-*g
			}

			return true
		})
	}, func(c *cluster) {
		bob := c.login("bob", 2)
		var out tally
		var senders []*person
		for i := range 1000 {
			p := c.login(fmt.Sprint("s", i), i%3)
			senders = append(senders, p)
			p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, []byte("hi"), out.add)
		}
		time.Sleep(time.Second)
		if got := out.are(); got != "map[ok:1000]" {
			t.Fatalf("outcomes %s", got)
		}
		closed := make(chan struct{})
		gate.Store(&closed)
		for range 10 {
			for _, p := range senders {
				p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, []byte("again"), out.add)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if h := c.nodes[2].dm.Holds(); h.Arrived != laneBound {
			t.Errorf("%d messages wait for bob's callbacks, the bound is %d", h.Arrived, laneBound)
		}
		if got := out.are(); got != fmt.Sprintf("map[recipient busy:%d]", 10000-laneBound-1) {
			t.Errorf("outcomes %s", got)
		}
		gate.Store(nil)
		close(closed)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := out.are(); got != fmt.Sprintf("map[ok:%d]", laneBound+1) {
			t.Errorf("outcomes %s", got)
		}
		for i, p := range senders {
			p.sends("bob", fmt.Sprint("recovered ", i), nil)
		}
		bob.mu.Lock()
		defer bob.mu.Unlock()
		if n := len(bob.heard); n != 1000+laneBound+1+1000 {
			t.Errorf("bob heard %d messages", n)
		}
	})
}

func TestBytesThatWaitForOneUsersCallbacksAreBounded(t *testing.T) {
	gate := make(chan struct{})
	inCluster(t, 2, func(m *dm.Module) {
		gate = make(chan struct{})
		m.SetOnReceiveMessage(func(uint8, uint16, []byte, string, *user.User) bool {
			<-gate

			return true
		})
	}, func(c *cluster) {
		bob := c.login("bob", 1)
		var out tally
		body := []byte(strings.Repeat("x", 60000))
		for i := range 300 {
			p := c.login(fmt.Sprint("s", i), i%2)
			p.node.dm.SendMessageByUserID(p.u, "bob", 2, 11, body, out.add)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if h := c.nodes[1].dm.Holds(); h.ArrivedBytes > byteBound+len(body) || h.ArrivedBytes < byteBound {
			t.Errorf("%d bytes wait for bob's callbacks, the bound is %d", h.ArrivedBytes, byteBound)
		}
		if got := out.are(); got != "map[recipient busy:159]" {
			t.Errorf("outcomes %s", got)
		}
		close(gate)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := out.are(); got != "map[ok:141]" {
			t.Errorf("outcomes %s", got)
		}
		if h := c.nodes[1].dm.Holds(); h.ArrivedBytes != 0 || h.Arrived != 0 {
			t.Errorf("still %d bytes of %d messages wait", h.ArrivedBytes, h.Arrived)
		}
		sessions := c.nodes[1].dm.Holds().Sessions
		bob.quits()
		time.Sleep(5 * time.Second)
		if h := c.nodes[1].dm.Holds(); h.Sessions != sessions-1 {
			t.Errorf("%d sessions, want %d: nothing is left of bob's", h.Sessions, sessions-1)
		}
	})
}

func TestANodeThatStandsStillCostsABoundedAmountAndRecovers(t *testing.T) {
	for _, d := range []time.Duration{800 * time.Millisecond, 10 * time.Second} { // shorter and longer than what suspends a link
		inCluster(t, 3, nil, func(c *cluster) {
			alice, bob, carol := c.login("alice", 0), c.login("bob", 1), c.login("carol", 2)
			alice.sends("bob", "hi", nil)
			c.nodes[1].freeze()
			var out tally
			for range 5000 {
				alice.node.dm.SendMessageByUserID(alice.u, "bob", 2, 11, []byte("x"), out.add)
			}
			time.Sleep(d / 2)
			synctest.Wait()
			if h := alice.node.dm.Holds(); h.Items > itemBound || h.Bytes > itemBound {
				t.Errorf("%d messages of %d bytes wait, the bound is %d", h.Items, h.Bytes, itemBound)
			}
			alice.sends("carol", "not delayed", nil)
			time.Sleep(d - d/2)
			c.nodes[1].thaw()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			want := "map[ok:1024 overloaded:3976]"
			if d > 3*time.Second {
				want = "map[overloaded:3976 timeout:1024]"
			}
			if got := out.are(); got != want {
				t.Errorf("after %v: outcomes %s, want %s", d, got, want)
			}
			alice.sends("bob", "recovered", nil)
			bob.sends("carol", "recovered", nil)
			_ = carol
		})
	}
}
