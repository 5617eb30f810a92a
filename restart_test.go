package parley_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// graceful is a way whose nodes wait for users to come back elsewhere, for that long.
func graceful(grace time.Duration) way {
	return way{config: func(c *parley.Config) { c.Grace = grace }}
}

// withNotices has every node tell peers of users who leave, and of channels that end without a
// word.
func withNotices(cleared *atomic.Int64) func(int, *parley.Server) {
	return func(_ int, s *parley.Server) {
		s.DM().SetOnUserDisconnect(func(*user.User, string) []byte { return []byte("bye") })
		s.DM().SetOnClearCache(func(string, *user.User) { cleared.Add(1) })
	}
}

func TestAUserWhoComesBackElsewhereKeepsItsChannels(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		t.Helper()
		w.config = graceful(time.Minute).config
		var cleared atomic.Int64
		c := w.newCluster(t, 3, withNotices(&cleared))
		alice := c.login("alice", 0, false)
		bob := dial(t, c.nodes[2], "bob", "tcp://"+c.nodes[2].TCPAddr()+",ws://"+c.nodes[1].HTTPAddr()+"/ws")
		alice.tell("bob", "one")
		bob.hears("alice: one")
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			c.stop(c.nodes[2])
		}()
		for i := range 20 { // all the time while bob moves
			alice.tell("bob", fmt.Sprint(i))
			bob.hears(fmt.Sprintf("alice: %d", i))
			time.Sleep(10 * time.Millisecond)
		}
		<-stopped // it did not wait for a minute
		bob.tell("alice", "back")
		alice.hears("bob: back")
		if channels := c.nodes[1].DM().Channels(c.nodes[1].Users().ByUID("bob")); len(channels) != 1 || channels[0].Peer != "alice" || cleared.Load() != 0 {
			t.Errorf("%+v, %d channels were cleared", channels, cleared.Load())
		}
	})
}

func TestAUserWhoDoesNotComeBackLeavesAfterTheGrace(t *testing.T) {
	var cleared atomic.Int64
	const grace = 300 * time.Millisecond
	c := graceful(grace).newCluster(t, 2, withNotices(&cleared))
	alice := c.login("alice", 0, false)
	bob := dial(t, c.nodes[1], "bob", "tcp://"+c.nodes[1].TCPAddr(), client.WithoutReconnect())
	alice.tell("bob", "one")
	bob.hears("alice: one")
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.nodes[1].Stop(ctx); err != nil {
		t.Fatal(err)
	}
	alice.hears("-bob: bye")
	if took := time.Since(begun); took < grace || took > patience {
		t.Errorf("the node stopped after %v", took)
	}
	if err := alice.try("bob", "two"); client.CodeOf(err) != wire.CodeUserNotFound {
		t.Error(err)
	}
}

func TestAMessageWaitsForAUserWhoIsOnTheWay(t *testing.T) {
	c := graceful(time.Minute).newCluster(t, 3, nil)
	alice := c.login("alice", 0, false)
	bob := dial(t, c.nodes[2], "bob", "tcp://"+c.nodes[2].TCPAddr(), client.WithoutReconnect())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		c.stop(c.nodes[2])
	}()
	<-bob.Done()
	answer := make(chan error)
	go func() { answer <- alice.try("bob", "one") }() // the first message: there is no channel
	bob = c.login("bob", 1, false)
	bob.hears("alice: one")
	if err := <-answer; err != nil {
		t.Error(err)
	}
	<-stopped
}

func TestANodeThatIsAloneWaitsForNoUser(t *testing.T) {
	c := graceful(time.Hour).newCluster(t, 1, nil)
	dial(t, c.nodes[0], "bob", "tcp://"+c.nodes[0].TCPAddr(), client.WithoutReconnect())
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
	defer cancel()
	if err := c.nodes[0].Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

// chatter is a user of the rolling restart: it writes to the next one all the time.
type chatter struct {
	*client.Client

	id, peer string
	notices  atomic.Int64
	refused  atomic.Int64 // messages that found no user
	unknown  atomic.Int64 // messages whose answer was lost with the connection

	mu       sync.Mutex
	answered []int       // numbers of messages that were delivered; guarded by mu
	heard    map[int]int // how often each number came from the one before; guarded by mu
	newest   int         // guarded by mu
	wrong    []string    // guarded by mu
}

func newChatter(t *testing.T, c *cluster, i, users int) *chatter {
	t.Helper()
	p := &chatter{id: fmt.Sprint("user", i), peer: fmt.Sprint("user", (i+1)%users), heard: map[int]int{}}
	token, err := c.nodes[0].Token(p.id)
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	for n := range c.nodes { // the peer is on another node to begin with
		urls = append(urls, "tcp://"+c.nodes[(i+n)%len(c.nodes)].TCPAddr())
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p.Client, err = client.Dial(ctx, strings.Join(urls, ","), client.WithToken(token), client.OnMessage(p.hear),
		client.OnPeerDisconnect(func(string, []byte) { p.notices.Add(1) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })

	return p
}

func (p *chatter) hear(m client.Message) {
	n, _ := strconv.Atoi(string(m.Body))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard[n]++
	if p.heard[n] > 1 || n < p.newest {
		p.wrong = append(p.wrong, fmt.Sprintf("%d came after %d, for the %d. time", n, p.newest, p.heard[n]))
	}
	p.newest = n
}

// talk sends until over.
func (p *chatter) talk(over <-chan struct{}) {
	for n := 1; ; n++ {
		select {
		case <-over:
			return
		default:
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_, err := p.Send(ctx, p.peer, []byte(strconv.Itoa(n)))
		cancel()
		switch {
		case err == nil:
			p.mu.Lock()
			p.answered = append(p.answered, n)
			p.mu.Unlock()
		case client.CodeOf(err) == wire.CodeUserNotFound:
			p.refused.Add(1)
		default:
			p.unknown.Add(1)
		}
	}
}

// missing counts the messages of a sender that were delivered and have not been heard.
func (p *chatter) missing(from *chatter) (n int) {
	from.mu.Lock()
	defer from.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, number := range from.answered {
		if p.heard[number] == 0 {
			n++
		}
	}

	return n
}

// endOfGossip waits, at the end of a test, for the gossip library's probes of nodes that are gone:
// its shutdown does not.
func endOfGossip(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		stacks := make([]byte, 16<<20)
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("hashicorp/memberlist.")) {
				return
			}
		}
	})
}

func TestARollingRestartLosesNothingAndIsNotNoticed(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	endOfGossip(t)
	var cleared atomic.Int64
	c := graceful(10*time.Second).newCluster(t, 3, withNotices(&cleared))
	all := make([]*chatter, 60)
	for i := range all {
		all[i] = newChatter(t, c, i, len(all))
	}
	over := make(chan struct{})
	var talking sync.WaitGroup
	for _, p := range all {
		talking.Go(func() { p.talk(over) })
	}
	for i, old := range c.nodes { // one after another, each at its old address
		tcp := old.TCPAddr()
		c.stop(old)
		c.way.config = func(cfg *parley.Config) { cfg.Grace, cfg.TCP = 10*time.Second, tcp }
		c.nodes[i] = c.add(i, withNotices(&cleared))
		c.nodes = c.nodes[:3]
	}
	close(over)
	talking.Wait()
	var delivered, unknown int
	for i, p := range all {
		next := all[(i+1)%len(all)]
		c.eventually("what was delivered of "+p.id+" arrives", func() bool { return next.missing(p) == 0 })
		p.mu.Lock()
		delivered, unknown = delivered+len(p.answered), unknown+int(p.unknown.Load())
		if p.notices.Load() > 0 || p.refused.Load() > 0 || len(p.answered) == 0 || len(p.wrong) > 0 {
			t.Errorf("%s was told %d times that its peer has left, %d of its messages found no user, %d were delivered; %s",
				p.id, p.notices.Load(), p.refused.Load(), len(p.answered), p.wrong)
		}
		p.mu.Unlock()
	}
	if cleared.Load() > 0 {
		t.Errorf("%d channels were cleared", cleared.Load())
	}
	t.Logf("%d messages were delivered, the answers of %d were lost with their senders' connections", delivered, unknown)
}
