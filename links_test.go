package parley_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
)

// lane is one user's messages to another. Number n is the n-th that was sent.
type lane struct {
	from, to string
	sender   *user.User
	node     *parley.Server

	mu       sync.Mutex
	got      map[uint32]bool // guarded by mu
	last     int             // guarded by mu
	broken   string          // guarded by mu; what must not be
	acked    []uint32        // guarded by mu; cb(nil)
	timeouts int             // guarded by mu
	apart    int             // guarded by mu; not found, or no nodes: what the parts of a cluster say that fell apart
	failed   error           // guarded by mu; any other outcome
}

func (l *lane) arrived(n uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.got[n]:
		l.broken = fmt.Sprintf("message %d came twice", n)
	case int(n) <= l.last:
		l.broken = fmt.Sprintf("message %d came behind %d", n, l.last)
	}
	l.got[n], l.last = true, max(l.last, int(n))
}

// send sends a burst and waits for the outcomes.
func (l *lane) send(first uint32, burst int) {
	var wg sync.WaitGroup
	for i := range burst {
		n := first + uint32(i)
		wg.Add(1)
		l.node.DM().SendMessageByUserID(l.sender, l.to, 2, 11, append(binary.BigEndian.AppendUint32(nil, n), l.from...), func(err error) {
			defer wg.Done()
			l.mu.Lock()
			defer l.mu.Unlock()
			switch {
			case err == nil:
				l.acked = append(l.acked, n)
			case errors.Is(err, dm.ErrReliableTimeout):
				l.timeouts++
			case errors.Is(err, dm.ErrUserNotFound), errors.Is(err, dm.ErrNodesNotFound):
				l.apart++
			default:
				l.failed = err
			}
		})
	}
	wg.Wait()
}

func TestNumberedMessagesAreNeitherLostNorDoubledNorReordered(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		t.Helper()
		const users, peers, bursts, burst = 240, 2, 4, 8
		w.dm = `{"reliableTimeout": "10s"}` // nothing is lost: an outcome that is unknown is a defect, and not only a busy machine
		c := w.newCluster(t, 3, nil)
		starved := watchStarvation(t)
		views, _ := c.views()
		lanes := make(map[string]*lane) // by "from to"
		for i := range users {
			from := fmt.Sprintf("user-%d", i)
			for p := range peers {
				to := fmt.Sprintf("user-%d", (i*7+p*11+1)%users)
				lanes[from+" "+to] = &lane{from: from, to: to, node: c.nodes[i%3], got: make(map[uint32]bool), last: -1}
			}
		}
		for i := range users {
			id := fmt.Sprintf("user-%d", i)
			s := c.nodes[i%3]
			dial(t, s, id, "tcp://"+s.TCPAddr(), client.OnPush(func(_ uint8, _ uint16, msg []byte) {
				lanes[string(msg[4:])+" "+id].arrived(binary.BigEndian.Uint32(msg))
			}))
		}
		var wg sync.WaitGroup
		for _, l := range lanes {
			l.sender = l.node.Users().ByUID(l.from)
			wg.Go(func() {
				for b := range bursts {
					l.send(uint32(b*burst), burst)
				}
			})
		}
		wg.Wait()
		late := starved()
		after, _ := c.views()
		check(t, lanes, late, late && after != views)
	})
}

// watchStarvation notes whether the process does not get to run for so long that its nodes cannot
// tell each other from dead ones.
func watchStarvation(t *testing.T) (starved func() bool) {
	t.Helper()
	const much = 300 * time.Millisecond
	var longest atomic.Int64
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		last := time.Now()
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()

				return
			case <-tick.C:
			}
			now := time.Now()
			longest.Store(max(longest.Load(), int64(now.Sub(last))))
			last = now
		}
	})

	return func() bool {
		close(stop)
		done.Wait()
		gap := time.Duration(longest.Load())
		if gap > much {
			t.Logf("the process did not run for %s: outcomes that are unknown are excused", gap)
		}

		return gap > much
	}
}

// check looks at what became of all messages. Unsure: the process was held up, and outcomes may be
// unknown. FellApart: so long that nodes gave each other up, and did not find each other's users.
func check(t *testing.T, lanes map[string]*lane, unsure, fellApart bool) {
	t.Helper()
	acked, timeouts, apart := 0, 0, 0
	for name, l := range lanes {
		testkit.Eventually(t, name+": all messages with outcome nil arrive", func() bool { // they may still be on their way to the client
			l.mu.Lock()
			defer l.mu.Unlock()

			return l.broken != "" || !slices.ContainsFunc(l.acked, func(n uint32) bool { return !l.got[n] })
		})
		l.mu.Lock()
		if l.broken != "" {
			t.Errorf("%s: %s", name, l.broken)
		}
		if l.failed != nil || l.timeouts > 0 && !unsure || l.apart > 0 && !fellApart {
			t.Errorf("%s: %d timeouts, %d not found, %v", name, l.timeouts, l.apart, l.failed)
		}
		acked, timeouts, apart = acked+len(l.acked), timeouts+l.timeouts, apart+l.apart
		l.mu.Unlock()
	}
	t.Logf("%d messages delivered, %d unknown, %d not found", acked, timeouts, apart)
}

// eventually waits until cond holds.
func (c *cluster) eventually(what string, cond func() bool) {
	c.t.Helper()
	testkit.Eventually(c.t, what, cond)
}
