package parley_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/user"
)

// Every node sends in the names of "system" and of the connected user alice, while alice sends by
// herself. All of it arrives, each sender's in order, and nothing of the servers' senders stays.
func TestServersSendInAnyNameFromAllNodes(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		t.Helper()
		c := w.newCluster(t, 3, nil)
		alice, bob := c.login("alice", 0, false), c.login("bob", 2, true)
		alice.tell("bob", "before")
		bob.hears("alice: before")

		const each = 40
		var senders sync.WaitGroup
		for i, s := range c.nodes {
			for _, id := range []string{"system", "alice"} {
				senders.Go(func() {
					serverSends(t, s, user.CreateBlankUser("", id), each, fmt.Sprintf("n%d-%s", i+1, id))
				})
			}
		}
		for i := range each {
			alice.tell("bob", fmt.Sprint("self ", i))
		}
		senders.Wait()

		next := map[string]int{}
		for range each * 7 {
			select {
			case heard := <-bob.inbox:
				words := strings.Fields(heard)
				sender, number := strings.Join(words[:len(words)-1], " "), words[len(words)-1]
				if number != fmt.Sprint(next[sender]) {
					t.Fatalf("bob heard %q, want number %d", heard, next[sender])
				}
				next[sender]++
			case <-time.After(patience):
				t.Fatalf("bob heard no more: %v", next)
			}
		}
		if len(next) != 7 {
			t.Errorf("bob heard %v", next)
		}
		onlyAlice(t, c)
	})
}

// serverSends sends numbered messages to bob, ten at a time, and wants each delivered.
func serverSends(t *testing.T, s *parley.Server, from *user.User, n int, label string) {
	t.Helper()
	var outcomes sync.WaitGroup
	for i := range n {
		outcomes.Add(1)
		s.DM().SendMessageByUserID(from, "bob", 2, 11, fmt.Appendf(nil, "%s %d", label, i), func(err error) {
			if err != nil {
				t.Errorf("%s %d: %v", label, i, err)
			}
			outcomes.Done()
		})
		if i%10 == 9 {
			outcomes.Wait()
		}
	}
	outcomes.Wait()
}

func TestABlankUserForEachMessageLeavesNothing(t *testing.T) {
	c := way{}.newCluster(t, 2, nil)
	bob := c.login("bob", 1, false)
	const n = 3000
	var outcomes sync.WaitGroup
	room := make(chan struct{}, 100)
	for i := range n {
		room <- struct{}{}
		outcomes.Add(1)
		c.nodes[0].DM().SendMessageByUserID(user.CreateBlankUser("", fmt.Sprint("job ", i)), "bob", 2, 11, []byte("x"), func(err error) {
			if err != nil {
				t.Error(err)
			}
			<-room
			outcomes.Done()
		})
	}
	outcomes.Wait()
	for range n {
		<-bob.inbox
	}
	for i, s := range c.nodes {
		if open := channelsOf(s, "bob"); len(open) > 0 {
			t.Errorf("node %d: bob has %d channels", i+1, len(open))
		}
	}
}

// onlyAlice checks that bob has one channel, and alice the same.
func onlyAlice(t *testing.T, c *cluster) {
	t.Helper()
	for i, id := range []string{"alice", "", "bob"} {
		want := map[string][]string{"alice": {"bob"}, "bob": {"alice"}}[id]
		if got := channelsOf(c.nodes[i], id); !slices.Equal(got, want) {
			t.Errorf("%s has channels with %v, want %v", id, got, want)
		}
	}
}

func channelsOf(s *parley.Server, id string) (peers []string) {
	u := s.Users().ByUID(id)
	if u == nil {
		return nil
	}
	for _, ch := range s.DM().Channels(u) {
		peers = append(peers, ch.Peer)
	}

	return peers
}
