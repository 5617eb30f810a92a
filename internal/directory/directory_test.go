package directory

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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

func TestAClaimWhoseContextEndsLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 2, Options{})
		user := ownedBy(all[1], "ann", all...)
		all[1].mute.Store(true) // the owner does not confirm
		gone := errors.New("gone")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, gone)
		defer cancel()
		if _, err := all[0].dir.Claim(ctx, user, sidOf(1), 0); !errors.Is(err, gone) {
			t.Error(err)
		}
		all[1].mute.Store(false)
		all[1].dir.Resumed()
		time.Sleep(time.Second)
		for _, p := range all {
			if s := p.dir.Stats(); s.Sessions+s.Entries+s.Waiting+s.Lookups != 0 {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestBadClaimsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(0)
		defer n.close()
		all := start(t, n, 1, Options{})
		mustClaim(t, all[0], "ann", 1)
		for user, sid := range map[string]node.SID{"": sidOf(2), strings.Repeat("x", 129): sidOf(2), "bob": {}, "ann": sidOf(1)} {
			if _, err := all[0].dir.Claim(t.Context(), user, sid, 0); !errors.Is(err, ErrBadClaim) {
				t.Errorf("%q: %v", user, err)
			}
		}
		if got := <-all[0].lookup(""); got != "not found" {
			t.Error(got)
		}
	})
}

func TestWithoutALeaseNothingIsConfirmedOrDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 2, Options{})
		time.Sleep(time.Second)
		user := ownedBy(all[1], "ann", all...)
		all[1].mute.Store(true)
		denied := all[0].lookup(ownedBy(all[1], "x", all...))
		all[1].dir.Resumed()
		start := time.Now()
		_, err := all[0].dir.Claim(t.Context(), user, sidOf(1), 0)
		if waited := time.Since(start); !errors.Is(err, ErrUnsettled) || waited < 2*time.Second || waited > 2500*time.Millisecond {
			t.Error(err, waited)
		}
		if got := <-denied; got != "failed" {
			t.Error(got)
		}
	})
}

func TestWhatWaitsIsDecidedWhenTheClusterSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		a, b, c := n.add("a", Options{}), n.add("b", Options{}), n.add("c", Options{})
		for _, p := range []*peerNode{a, b, c} {
			p.dir.ViewChanged(view(a, b, c))
		}
		time.Sleep(time.Second)
		user := ownedBy(c, "ann", a, b, c)
		mustClaim(t, a, user, 1)
		synctest.Wait()
		n.crash(c, a) // b learns of it later
		denied, found := a.lookup(ownedBy(c, "bob", a, b, c)), b.lookup(user)
		claimed := make(chan error)
		go func() {
			_, err := b.dir.Claim(t.Context(), "carol", sidOf(2), 0)
			claimed <- err
		}()
		time.Sleep(time.Second)
		b.dir.NodeDown(c.id, view(a, b))
		a.dir.NodeDown(c.id, view(a, b))
		if got := <-denied; got != "not found" {
			t.Error(got)
		}
		if got := <-found; got != "at a/s1" {
			t.Error(got)
		}
		if err := <-claimed; err != nil {
			t.Error(err)
		}
	})
}

func TestAJoinerHasTheEntriesBeforeItEnters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 2, Options{})
		const users = 5000
		for i := range users {
			mustClaim(t, all[i%2], fmt.Sprint("user", i), i+1)
		}
		c := n.add("c", Options{})
		for _, p := range all {
			p.dir.NodeLinked(c.id)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		ahead := c.dir.Stats().Entries
		if ahead < users/4 || ahead > users/2 {
			t.Errorf("%d entries ahead", ahead)
		}
		all = append(all, c)
		before := all[0].dir.Stats()
		for _, p := range all {
			p.dir.ViewChanged(view(all...))
		}
		time.Sleep(time.Second)
		sum := 0
		for _, p := range all {
			s := p.dir.Stats()
			sum += s.Entries
			if !s.Settled || s.Registered != 0 && p != c {
				t.Errorf("%+v", s)
			}
		}
		if after := all[0].dir.Stats(); sum != users || c.dir.Stats().Entries != ahead || after.Ahead != before.Ahead {
			t.Errorf("%d entries, %d of them ahead", sum, ahead)
		}
		n.crash(c, all[0], all[1])
		time.Sleep(time.Second)
		if sum := all[0].dir.Stats().Entries + all[1].dir.Stats().Entries; sum != users {
			t.Errorf("%d entries after the crash", sum)
		}
	})
}

func TestAfterAPauseSessionsAreClaimedAgainAndTheRestIsEvicted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 3, Options{})
		a, b, c := all[0], all[1], all[2]
		kept, lost := ownedBy(b, "kept", b, c), ownedBy(c, "lost", b, c)
		stamp := mustClaim(t, a, kept, 1)
		mustClaim(t, a, lost, 2)
		for _, p := range []*peerNode{b, c} { // they give a up
			p.dir.NodeDown(a.id, view(b, c))
		}
		time.Sleep(time.Second)
		mustClaim(t, b, lost, 3)
		for _, p := range []*peerNode{b, c} {
			a.dir.NodeDown(p.id, View{})
		}
		a.dir.ViewChanged(View{})
		a.dir.Paused()
		if got := a.told(); len(got) != 0 {
			t.Error(got)
		}
		for _, p := range all {
			p.dir.ViewChanged(view(all...))
		}
		time.Sleep(time.Second)
		if got := a.told(); !slices.Equal(got, []string{"evict " + lost + " s2 next n2/s3", "reclaimed"}) {
			t.Error(got)
		}
		if got := <-c.lookup(kept); got != "at n1/s1" {
			t.Error(got)
		}
		if got := a.dir.core.sessions[kept].stamp; got != stamp {
			t.Errorf("stamp %d, before the pause %d", got, stamp)
		}
		a.dir.Paused() // with no sessions undecided it is over at once
		if got := a.told(); got[len(got)-1] != "reclaimed" || len(got) != 3 {
			t.Error(got)
		}
	})
}

func TestAFullLinkDelaysRegistrationsAndLosesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 2, Options{})
		time.Sleep(time.Second)
		user := ownedBy(all[1], "ann", all...)
		all[0].full.Store(true)
		claimed := make(chan error)
		go func() {
			_, err := all[0].dir.Claim(t.Context(), user, sidOf(1), 0)
			claimed <- err
		}()
		time.Sleep(time.Second)
		all[0].full.Store(false)
		if err := <-claimed; err != nil {
			t.Error(err)
		}
		if s := all[0].dir.Stats(); s.Delayed == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestANodeThatAsksTooMuchLeavesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(0)
		defer n.close()
		all := start(t, n, 2, Options{MaxWaiting: 20})
		time.Sleep(time.Second)
		owner := all[1]
		owner.mute.Store(true)
		var out []<-chan string
		for i := range 30 {
			out = append(out, all[0].lookup(ownedBy(owner, fmt.Sprint(i, "x"), all...)))
		}
		synctest.Wait()
		if s := owner.dir.Stats(); s.Waiting != 10 || s.Overflows != 20 {
			t.Errorf("%+v", s)
		}
		mine := owner.lookup(ownedBy(owner, "mine", all...))
		synctest.Wait()
		owner.mute.Store(false)
		owner.dir.Resumed()
		if got := <-mine; got != "not found" {
			t.Error(got)
		}
		counts := map[string]int{}
		for _, c := range out {
			counts[<-c]++
		}
		if counts["failed"] != 20 || counts["not found"] != 10 {
			t.Error(counts)
		}
	})
}

func TestACancelledLookupIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 2, Options{})
		c := all[0].lookup(ownedBy(all[1], "ann", all...))
		all[0].dir.Cancel(tokens.Load())
		time.Sleep(5 * time.Second)
		select {
		case got := <-c:
			t.Error(got)
		default:
		}
		if s := all[0].dir.Stats(); s.Lookups != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestLookupsFailInTimeWhileThereIsNoView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(0)
		defer n.close()
		p := n.add("a", Options{})
		start := time.Now()
		if got := <-p.lookup("ann"); got != "failed" || time.Since(start) > 2500*time.Millisecond {
			t.Error(got, time.Since(start))
		}
		late := p.lookup("bob")
		time.Sleep(time.Second)
		p.dir.ViewChanged(view(p))
		if got := <-late; got != "not found" {
			t.Error(got)
		}
	})
}

// Callbacks come in the order of the decisions, whichever goroutine runs them, and a callback may
// call the directory.
func TestCallbacksComeInOrderAndMayCallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(0)
		defer n.close()
		p := start(t, n, 1, Options{})[0]
		r := &recursive{dir: p.dir}
		p.dir.SetAsker(r)
		const lookups = 1000
		mustClaim(t, p, "ann", 1)
		p.dir.Lookup("ann", lookups)
		if len(r.tokens) != lookups+1 || !slices.IsSortedFunc(r.tokens, func(a, b uint64) int { return int(b) - int(a) }) {
			t.Error(len(r.tokens))
		}
	})
}

// recursive asks for the next user as soon as it has an answer.
type recursive struct {
	dir    *Directory
	tokens []uint64
}

func (r *recursive) Located(token uint64, _ node.Place) {
	if r.tokens = append(r.tokens, token); token > 0 {
		r.dir.Lookup("ann", token-1)
	}
}
func (r *recursive) NotFound(uint64)     {}
func (r *recursive) LookupFailed(uint64) {}

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
