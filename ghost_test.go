package parley_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// sent is a row of messages with their outcomes.
type sent struct {
	mu       sync.Mutex
	outcomes map[wire.Code]int // guarded by mu; 0: delivered
	open     sync.WaitGroup
}

func (s *sent) outcome(err error) {
	s.mu.Lock()
	s.outcomes[dm.CodeOf(err)]++
	s.mu.Unlock()
	s.open.Done()
}

func (s *sent) count(kind error) int {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.outcomes[dm.CodeOf(kind)]
}

func TestAVanishedClientIsGoneAfterTwoHeartbeats(t *testing.T) {
	const beat = time.Second
	w := way{dm: `{"reliableTimeout": "1m"}`, heartbeat: beat}
	c := w.newCluster(t, 2, func(_ int, s *parley.Server) {
		s.DM().SetOnUserDisconnect(func(*user.User, string) []byte { return []byte("bye") })
	})
	alice := c.login("alice", 0, false)
	b := newBreaker(t, c.nodes[1].TCPAddr())
	dial(t, c.nodes[1], "bob", "tcp://"+b.addr(), client.WithoutReconnect())
	alice.tell("bob", "hello")

	b.silence() // neither FIN nor RST
	began := time.Now()
	row := sent{outcomes: make(map[wire.Code]int)}
	u, body, n := c.nodes[0].Users().ByUID("alice"), make([]byte, 60_000), 0
	for row.count(dm.ErrRecipientBusy) == 0 && row.count(dm.ErrUserNotFound) == 0 { // until the system takes no more, and the queue neither
		row.open.Add(1)
		n++
		done := make(chan struct{})
		c.nodes[0].DM().SendMessageByUserID(u, "bob", 2, 11, body, func(err error) { row.outcome(err); close(done) })
		select {
		case <-done:
		case <-time.After(time.Millisecond):
		}
	}
	alice.hears("-bob: bye")
	if took := time.Since(began); took < beat {
		t.Errorf("bob is taken for gone after %v", took)
	} else {
		t.Logf("bob is gone after %v", took)
	}
	row.open.Wait()
	ok, queued, busy := row.count(nil), row.count(dm.ErrUserNotFound), row.count(dm.ErrRecipientBusy)
	if ok+queued+busy != n || queued == 0 {
		t.Errorf("outcomes of %d messages: %v", n, row.outcomes)
	}
	t.Logf("%d messages: the system took %d, %d were in the queue, %d found it full", n, ok, queued, busy)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := alice.Send(ctx, "bob", []byte("gone?")); !errors.Is(err, client.ErrUserNotFound) {
		t.Errorf("afterwards: %v", err)
	}
	b.mend()
	bob := c.login("bob", 0, true)
	alice.tell("bob", "back")
	bob.hears(fmt.Sprint("alice: ", "back"))
}
