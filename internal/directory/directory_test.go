package directory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

func mustClaim(t *testing.T, p *peerNode, user string, n int) node.Stamp {
	t.Helper()
	stamp, err := p.dir.Claim(t.Context(), user, sidOf(n), 0)
	if err != nil {
		t.Fatalf("claim of %s at %s: %v", user, p.id, err)
	}

	return stamp
}

func TestASessionIsFoundFromEveryNodeOnceItsClaimReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(0)
		defer n.close()
		all := start(t, n, 3, Options{})
		for i, owner := range all {
			user := ownedBy(owner, "ann", all...)
			mustClaim(t, all[0], user, i+1)
			for _, p := range all {
				if got, want := <-p.lookup(user), fmt.Sprintf("at n1/s%d", i+1); got != want {
					t.Errorf("%s: %s, want %s", p.id, got, want)
				}
				if got := <-p.lookup("nobody" + user); got != "not found" {
					t.Error(got)
				}
			}
			all[0].dir.Release(user, sidOf(i+1), 0)
			synctest.Wait()
			if got := <-all[1].lookup(user); got != "not found" {
				t.Error(got)
			}
		}
	})
}

func TestANewerLoginEvictsTheOlderAndIsAboveItsEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 3, Options{})
		first := mustClaim(t, all[0], "ann", 1)
		for i, p := range []*peerNode{all[1], all[1], all[2]} { // elsewhere, on the same node, elsewhere
			sid := i + 2
			before := []*peerNode{all[0], all[1], all[1]}[i]
			epoch := uint64(first) + 1<<30
			before.epochs[sidOf(sid-1)] = epoch
			stamp := mustClaim(t, p, "ann", sid)
			if uint64(stamp) <= epoch {
				t.Errorf("login %d: stamp %d, epoch %d", sid, stamp, epoch)
			}
			first = stamp
			want := fmt.Sprintf("evict ann s%d next %s/s%d", sid-1, p.id.Name, sid)
			if got := before.told(); !slices.Contains(got, want) {
				t.Errorf("%s is told %q, want %s", before.id, got, want)
			}
		}
		before := all[2].told()
		all[2].dir.Release("ann", sidOf(3), 0) // not its session any more
		if got := <-all[0].lookup("ann"); got != "at n3/s4" || len(all[2].told()) != len(before) {
			t.Error(got, all[2].told())
		}
	})
}

func TestOfConcurrentLoginsOneStandsInTheEnd(t *testing.T) {
	n := newNet(0)
	defer n.close()
	all := start(t, n, 3, Options{Patience: time.Minute})
	var wg sync.WaitGroup
	var mu sync.Mutex
	stamps := map[int]node.Stamp{}
	const logins, users = 400, 5
	stop := make(chan struct{})
	for g := range 4 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range logins {
				sid := g*logins + i + 1
				p, user := all[r.IntN(3)], fmt.Sprint("user", r.IntN(users))
				ctx, cancel := context.WithCancel(t.Context())
				if r.IntN(8) == 0 {
					cancel()
				}
				stamp, err := p.dir.Claim(ctx, user, sidOf(sid), 0)
				cancel()
				switch {
				case err == nil:
					mu.Lock()
					stamps[sid] = stamp
					mu.Unlock()
					if r.IntN(4) == 0 {
						p.dir.Release(user, sidOf(sid), uint64(stamp))
					}
				case errors.Is(err, ErrReplaced), errors.Is(err, context.Canceled):
				default:
					t.Errorf("claim: %v", err)
				}
				p.dir.Lookup(user, 0)
			}
		})
	}
	go func() { // a joiner comes and goes, and the view changes
		defer close(stop)
		for i := range 20 {
			x := node.ID{Name: "x", Incarnation: uint64(i + 1)}
			for _, p := range all {
				p.dir.NodeLinked(x)
				p.dir.NodeDown(x, view(all...))
			}
		}
	}()
	wg.Wait()
	<-stop
	for u := range users {
		user := fmt.Sprint("user", u)
		sid := sidOf(1<<14 + u)
		if _, err := all[u%3].dir.Claim(t.Context(), user, sid, 0); err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if got, want := <-p.lookup(user), fmt.Sprintf("at %s/%s", all[u%3].id.Name, short(sid)); got != want {
				t.Errorf("%s: %s, want %s", user, got, want)
			}
		}
	}
	sum := 0
	for _, p := range all {
		sum += p.dir.Size()
		p.dir.mu.Lock()
		if err := p.dir.core.invariants(); err != nil {
			t.Error(err)
		}
		p.dir.mu.Unlock()
	}
	if sum != users {
		t.Errorf("%d sessions stand", sum)
	}
}
