package dive

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/internal/mesh"
)

// login is one login of the property below.
type attempt struct {
	node  int
	wait  time.Duration
	sid   string
	stamp mesh.Stamp
	err   error
}

// Whoever logs in where and when: in the end exactly one session of the user stands, it is the newest of those that were
// confirmed, every other one that was confirmed has been evicted, and finds reach the one.
func TestOfAllLoginsOfAUserTheNewestStands(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		nodes := rapid.IntRange(1, 5).Draw(rt, "nodes")
		var attempts []*attempt
		for i := range rapid.IntRange(1, 12).Draw(rt, "logins") {
			attempts = append(attempts, &attempt{
				node: rapid.IntRange(0, nodes-1).Draw(rt, "node"),
				wait: time.Duration(rapid.IntRange(0, 6000).Draw(rt, "wait")) * time.Microsecond,
				sid:  fmt.Sprint("s", i),
			})
		}
		delays := rapid.SliceOfN(rapid.IntRange(0, 3000), 1, 40).Draw(rt, "delays")
		var err error
		synctest.Test(t, func(t *testing.T) { err = checkLogins(t, nodes, attempts, delays) })
		if err != nil {
			rt.Fatal(err)
		}
	})
}

func checkLogins(t *testing.T, nodes int, attempts []*attempt, delays []int) error {
	t.Helper()
	next := 0
	net := mesh.NewMemory(mesh.MemoryOptions{Delay: func(_, _ mesh.NodeID) time.Duration {
		next++

		return time.Duration(delays[next%len(delays)]) * time.Microsecond
	}})
	peers := startCluster(t, net, nodes)
	defer stopCluster(t, peers)
	var wg sync.WaitGroup
	for _, a := range attempts {
		wg.Go(func() {
			time.Sleep(a.wait)
			d := peers[a.node].Directory
			if a.stamp, a.err = d.Claim(t.Context(), "bob", a.sid); a.err == nil {
				d.Activate("bob", a.sid)
			}
		})
	}
	wg.Wait()
	settle()

	evicted := map[string]int{}
	size := 0
	for _, p := range peers {
		size += p.Size()
		for _, line := range p.evicted {
			var user, sid, by string
			if _, err := fmt.Sscanf(line, "%s %s by %s", &user, &sid, &by); err != nil {
				return err
			}
			evicted[sid]++
		}
	}
	if size != 1 {
		return fmt.Errorf("%d sessions stand", size)
	}
	var newest *attempt
	for _, a := range attempts {
		switch {
		case a.err == nil:
			if newest == nil || a.stamp > newest.stamp ||
				(a.stamp == newest.stamp && peers[a.node].mesh.Self().Incarnation > peers[newest.node].mesh.Self().Incarnation) {
				newest = a
			}
		case !errors.Is(a.err, ErrReplaced):
			return fmt.Errorf("login %s: %w", a.sid, a.err)
		case evicted[a.sid] != 0:
			return fmt.Errorf("login %s was never confirmed, yet evicted", a.sid)
		}
	}
	if newest == nil {
		return errors.New("no login was confirmed")
	}
	for _, a := range attempts {
		if want := a.err == nil && a != newest; (evicted[a.sid] == 1) != want || evicted[a.sid] > 1 {
			return fmt.Errorf("login %s (error %w) was evicted %d times; the newest is %s", a.sid, a.err, evicted[a.sid], newest.sid)
		}
	}
	for i, p := range peers {
		if err := p.Find("bob", []byte("hi"), uint64(i)); err != nil {
			return err
		}
	}
	arrive()
	if found := len(peers[newest.node].found); found != nodes {
		return fmt.Errorf("%d of %d finds reached the newest session", found, nodes)
	}

	return nil
}
