package parley_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/user"
)

func TestPromise5NoneOf10000FreshLoginsIsNotFound(t *testing.T) {
	eachWay(t, manyLogins)
}

func manyLogins(t *testing.T, w way) {
	t.Helper()
	const workers = 100
	logins := int64(5_000)
	if w.flap > 0 {
		logins = 2_000
	}
	w.dm = fmt.Sprintf(`{"reliableTimeout": %q}`, patience)
	c := w.newCluster(t, 2, nil)
	starved := watchStarvation(t)
	sender := c.login("sender", 1, false)
	url := "tcp://" + c.nodes[0].TCPAddr()
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range workers {
		wg.Go(func() {
			for n := next.Add(1); n <= logins; n = next.Add(1) {
				err := c.whileWhole(func() error { return loginAndHear(t.Context(), c, sender, url, fmt.Sprintf("user %d", n)) })
				if err != nil && failed.Add(1) <= 3 {
					t.Errorf("login %d: %v", n, err)
				}
			}
		})
	}
	wg.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d failed", failed.Load(), logins)
	}
	t.Logf("%d logins, each with a message from another node, in %v", logins, time.Since(start))
	c.wasWholeUnless(starved())
}

// whileWhole calls try again if it fails and the cluster was not whole all the while: its parts
// rightly say of each other's users that they are not found.
func (c *cluster) whileWhole(try func() error) error {
	for {
		before, whole := c.views()
		err := try()
		if err == nil {
			return nil
		}
		if after, still := c.views(); whole && still && after == before {
			return err
		}
		c.repeated.Add(1)
		for _, whole := c.views(); !whole; _, whole = c.views() {
			select {
			case <-c.t.Context().Done():
				return err
			case <-time.After(time.Millisecond):
			}
		}
	}
}

// wasWholeUnless wants that nothing was repeated by whileWhole, unless the process was held up.
func (c *cluster) wasWholeUnless(heldUp bool) {
	c.t.Helper()
	n := c.repeated.Load()
	switch {
	case n > 0 && !heldUp:
		c.t.Errorf("the cluster fell apart, and the process was never held up: %d tries were repeated", n)
	case n > 0:
		c.t.Logf("%d tries were repeated, because the cluster fell apart", n)
	}
}

// views counts the views of all nodes so far, and tells whether each node sees all others.
func (c *cluster) views() (all uint64, whole bool) {
	whole = true
	for _, s := range c.nodes {
		all += s.Views()
		whole = whole && len(s.Nodes()) == len(c.nodes)-1
	}

	return all, whole
}

// loginAndHear logs a user in, sends it a message from another node as soon as it has its welcome,
// and waits for that.
func loginAndHear(ctx context.Context, c *cluster, sender *person, url, id string) error {
	token, err := c.nodes[0].Token(id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	heard := make(chan struct{}, 16) // more than one if the outcome of an earlier try was not known
	newcomer, err := client.Dial(ctx, url, client.WithToken(token), client.OnMessage(func(client.Message) { heard <- struct{}{} }))
	if err != nil {
		return err
	}
	defer newcomer.Close()
	if _, err := sender.Send(ctx, id, []byte("welcome")); err != nil {
		return err
	}
	select {
	case <-heard:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestPromise6OfManyLoginsAtOnceOneSurvives(t *testing.T) {
	eachWay(t, oneSurvives)
}

func oneSurvives(t *testing.T, w way) {
	t.Helper()
	c := w.newCluster(t, 3, func(_ int, s *parley.Server) {
		s.DM().SetOnUserDisconnect(func(*user.User, string) []byte { return []byte("bye") })
	})
	alice := c.login("alice", 0, false)
	for round := range 10 {
		const n = 12
		all := make([]*client.Client, n)
		heard := make([]chan string, n)
		var wg sync.WaitGroup
		for i := range n {
			heard[i] = make(chan string, 10)
			wg.Go(func() {
				token, _ := c.nodes[0].Token("bob")
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				all[i], _ = client.Dial(ctx, "tcp://"+c.nodes[i%3].TCPAddr(), client.WithToken(token), client.WithoutReconnect(),
					client.OnMessage(func(m client.Message) { heard[i] <- string(m.Body) })) // a login that lost while it was being made fails
			})
		}
		wg.Wait()
		text := fmt.Sprint("round ", round)
		alice.tell("bob", text)
		survivors := 0
		for i, cl := range all {
			if cl == nil {
				continue
			}
			select {
			case got := <-heard[i]:
				survivors++
				if got != text {
					t.Errorf("heard %q, want %q", got, text)
				}
				_ = cl.Close()
			case <-cl.Done():
			case <-time.After(patience):
				t.Fatal("a session neither ends nor hears anything")
			}
		}
		if survivors != 1 {
			t.Errorf("%d sessions survived", survivors)
		}
		for i := range heard {
			if len(heard[i]) > 0 {
				t.Error("a message was delivered twice")
			}
		}
		alice.hears("-bob: bye") // once, from the one that stayed
	}
}
