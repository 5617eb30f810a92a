package dive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/mesh"
)

// peer is a node of a test: a directory and what it told.
type peer struct {
	*Directory

	mesh *mesh.MemoryMesh

	mu      sync.Mutex
	found   []string // "user packet"
	missed  []uint64
	moved   []uint64
	evicted []string // "user sid by sid"
}

func (p *peer) Evicted(userID, sid string, next Place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.evicted = append(p.evicted, userID+" "+sid+" by "+next.SID)
}

func (p *peer) Found(_ mesh.NodeID, userID string, packet []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = append(p.found, userID+" "+string(packet))
}

func (p *peer) Missed(token uint64, why Miss) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if why == Nowhere {
		p.missed = append(p.missed, token)
	} else {
		p.moved = append(p.moved, token)
	}
}

func (p *peer) claim(t *testing.T, user, sid string) {
	t.Helper()
	if _, err := p.Claim(t.Context(), user, sid); err != nil {
		t.Fatalf("%s claims %s/%s: %v", p.mesh.Self().Name, user, sid, err)
	}
}

func (p *peer) login(t *testing.T, user, sid string) {
	t.Helper()
	p.claim(t, user, sid)
	p.Activate(user, sid)
}

func (p *peer) find(t *testing.T, user, packet string, token uint64) {
	t.Helper()
	if err := p.Find(user, []byte(packet), token); err != nil {
		t.Fatal(err)
	}
}

// settle lets everything that is under way arrive, or be given up.
func settle() {
	time.Sleep(5 * time.Second)
	synctest.Wait()
}

// arrive lets everything that is under way arrive.
func arrive() {
	time.Sleep(20 * time.Millisecond)
	synctest.Wait()
}

type tb interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

func newPeer(net *mesh.Memory, name string) *peer {
	m := net.Node(name)
	p := &peer{Directory: NewDirectory(m), mesh: m}
	p.SetResident(p)
	p.SetFinder(p)

	return p
}

func startCluster(t tb, net *mesh.Memory, n int) []*peer {
	t.Helper()
	var peers []*peer
	for i := range n {
		p := newPeer(net, fmt.Sprintf("n%d", i))
		if err := p.mesh.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		peers = append(peers, p)
	}
	arrive()

	return peers
}

func stopCluster(t tb, peers []*peer) {
	t.Helper()
	for _, p := range peers {
		if err := p.mesh.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

// inCluster runs a test in a bubble with n nodes between which everything takes 0 to 2 ms.
func inCluster(t *testing.T, n int, test func(t *testing.T, net *mesh.Memory, peers []*peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		net := mesh.NewMemory(mesh.MemoryOptions{Delay: jitter()})
		peers := startCluster(t, net, n)
		test(t, net, peers)
		stopCluster(t, peers)
	})
}

func jitter() func(from, to mesh.NodeID) time.Duration {
	var n uint64

	return func(from, to mesh.NodeID) time.Duration { // called under the network's mutex
		n = n*6364136223846793005 + from.Incarnation ^ to.Incarnation

		return time.Duration(n>>40) % (2 * time.Millisecond)
	}
}

func TestAUserIsFoundFromEveryNodeOnceItsClaimIsMade(t *testing.T) {
	inCluster(t, 3, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		for i := range 100 {
			user := fmt.Sprint("user", i)
			peers[0].login(t, user, "s")
			peers[1+i%2].find(t, user, "hi", uint64(i))
		}
		arrive()
		if len(peers[0].found) != 100 || len(peers[1].missed)+len(peers[2].missed) != 0 {
			t.Errorf("%d of 100 found", len(peers[0].found))
		}
	})
}

func TestAFindForAUserOfThisNodeIsDeliveredBeforeFindReturns(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		peers[0].login(t, "alice", "s")
		peers[0].find(t, "alice", "hi", 1)
		if !slices.Equal(peers[0].found, []string{"alice hi"}) {
			t.Errorf("found %q", peers[0].found)
		}
	})
}

func TestAFindForNobodySaysSo(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		peers[0].find(t, "bob", "hi", 7)
		arrive()
		if !slices.Equal(peers[0].missed, []uint64{7}) || peers[0].moved != nil {
			t.Errorf("missed %v, moved %v", peers[0].missed, peers[0].moved)
		}
	})
}

func TestANewerLoginElsewhereEvictsTheOlderBeforeItIsConfirmed(t *testing.T) {
	inCluster(t, 3, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		peers[0].login(t, "bob", "old")
		peers[1].claim(t, "bob", "new")
		if !slices.Equal(peers[0].evicted, []string{"bob old by new"}) {
			t.Fatalf("evicted %q", peers[0].evicted)
		}
		if peers[0].Size() != 0 || peers[1].Size() != 1 {
			t.Error("sizes")
		}
		peers[1].Activate("bob", "new")
		for i := range 20 { // some reach the old node first, which passes them on
			peers[2].find(t, "bob", "hi", uint64(i))
		}
		arrive()
		if len(peers[1].found) != 20 || len(peers[2].moved)+len(peers[2].missed) != 0 {
			t.Errorf("found %d, moved %v", len(peers[1].found), peers[2].moved)
		}
		peers[0].Release("bob", "old") // too late to matter
		settle()
		peers[2].find(t, "bob", "hi", 99)
		arrive()
		if len(peers[1].found) != 21 {
			t.Error("not found after the old node has let go")
		}
	})
}

func TestANewerLoginOnTheSameNodeEvictsTheOlder(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		peers[0].login(t, "bob", "old")
		peers[0].login(t, "bob", "new")
		peers[0].Release("bob", "old")
		peers[1].find(t, "bob", "hi", 1)
		arrive()
		if !slices.Equal(peers[0].evicted, []string{"bob old by new"}) || len(peers[0].found) != 1 || peers[0].Size() != 1 {
			t.Errorf("evicted %q, found %q", peers[0].evicted, peers[0].found)
		}
	})
}

func TestAnOlderClaimOnTheSameNodeThatIsStillOpenIsReplaced(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		result := make(chan error)
		go func() {
			_, err := peers[0].Claim(t.Context(), "bob", "old")
			result <- err
		}()
		synctest.Wait()
		peers[0].login(t, "bob", "new")
		if err := <-result; !errors.Is(err, ErrReplaced) {
			t.Errorf("the older claim: %v", err)
		}
		if peers[0].evicted != nil {
			t.Errorf("evicted %q: it was never confirmed", peers[0].evicted)
		}
	})
}

func TestReleaseComparesTheSession(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		peers[0].login(t, "bob", "s")
		peers[0].Release("bob", "other")
		peers[0].Release("nobody", "s")
		peers[1].find(t, "bob", "hi", 1)
		arrive()
		if len(peers[0].found) != 1 {
			t.Error("released by another session")
		}
		peers[0].Release("bob", "s")
		arrive()
		peers[1].find(t, "bob", "hi", 2)
		arrive()
		if !slices.Equal(peers[1].missed, []uint64{2}) || peers[0].Size() != 0 {
			t.Error("not released")
		}
	})
}

func TestFindsWaitForActivateAndComeInOrder(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		peers[0].claim(t, "bob", "s")
		var want []string
		for i := range 100 {
			peers[1].find(t, "bob", fmt.Sprint(i), uint64(i))
			want = append(want, fmt.Sprint("bob ", i))
		}
		arrive()
		if peers[0].found != nil {
			t.Fatal("found before Activate")
		}
		peers[0].Activate("bob", "another session")
		if peers[0].found != nil {
			t.Fatal("another session's Activate let them through")
		}
		peers[0].Activate("bob", "s")
		if !slices.Equal(peers[0].found, want) {
			t.Errorf("found %q", peers[0].found)
		}
	})
}

func TestFindsBeyondTheBoundOfAUserWhoIsNotActiveAreAnsweredAskAgain(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		peers[0].claim(t, "bob", "s")
		for i := range maxQueued + 3 {
			peers[1].find(t, "bob", "x", uint64(i))
		}
		arrive()
		if !slices.Equal(peers[1].moved, []uint64{maxQueued, maxQueued + 1, maxQueued + 2}) {
			t.Errorf("moved %v", peers[1].moved)
		}
		peers[0].Release("bob", "s") // never became active
		arrive()
		if len(peers[1].moved) != maxQueued+3 {
			t.Errorf("%d of those that waited were answered", len(peers[1].moved))
		}
	})
}

func TestAClaimEndsWithItsContextAndLeavesNothing(t *testing.T) {
	inCluster(t, 3, func(t *testing.T, net *mesh.Memory, peers []*peer) {
		t.Helper()
		net.Freeze(peers[2].mesh) // does not answer
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := peers[0].Claim(ctx, "bob", "s"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("claim: %v", err)
		}
		if peers[0].Size() != 0 {
			t.Error("something is left")
		}
		arrive()
		peers[1].find(t, "bob", "hi", 1)
		arrive()
		if !slices.Equal(peers[1].missed, []uint64{1}) {
			t.Error("somebody holds the user")
		}
		net.Thaw(peers[2].mesh)
		settle()
		peers[0].login(t, "bob", "s2")
	})
}

func TestAClaimThatIsReleasedWhileItIsMadeSaysSo(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		result := make(chan error)
		go func() {
			_, err := peers[0].Claim(t.Context(), "bob", "s")
			result <- err
		}()
		synctest.Wait()
		peers[0].Release("bob", "s")
		if err := <-result; !errors.Is(err, ErrReleased) {
			t.Errorf("claim: %v", err)
		}
	})
}

func TestAClaimWithoutASIDOrWithATooLongOneIsRefused(t *testing.T) {
	inCluster(t, 1, func(t *testing.T, _ *mesh.Memory, peers []*peer) {
		t.Helper()
		for _, ids := range [][2]string{{"", "s"}, {"u", ""}, {string(make([]byte, 256)), "s"}, {"u", string(make([]byte, 256))}} {
			if _, err := peers[0].Claim(t.Context(), ids[0], ids[1]); !errors.Is(err, ErrBadClaim) {
				t.Errorf("%q: %v", ids, err)
			}
		}
	})
}

func TestManyClaimsShareFewBarriers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := mesh.NewMemory(mesh.MemoryOptions{Delay: func(_, _ mesh.NodeID) time.Duration { return time.Millisecond }})
		peers := startCluster(t, net, 3)
		defer stopCluster(t, peers)
		const claims = 10_000
		counter := &barrierCounter{Mesh: peers[0].Directory.mesh}
		peers[0].Directory.mesh = counter
		began := time.Now()
		var wg sync.WaitGroup
		for i := range claims {
			wg.Go(func() {
				if _, err := peers[0].Claim(t.Context(), fmt.Sprint("user", i), "0123456789abcdef0123456789abcdef"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		const most = 10 + claims*60/maxGroup
		if counter.n > most || time.Since(began) > 100*time.Millisecond {
			t.Errorf("%d barriers in %v, want at most %d", counter.n, time.Since(began), most)
		}
	})
}

// barrierCounter counts the barriers of a mesh.
type barrierCounter struct {
	mesh.Mesh

	n int
}

func (c *barrierCounter) Barrier(ctx context.Context, p mesh.Port, packet []byte) ([]mesh.Answer, error) {
	c.n++

	return c.Mesh.Barrier(ctx, p, packet)
}

func TestAHealedPartitionLeavesTheNewestSessionOfEachUser(t *testing.T) {
	inCluster(t, 4, func(t *testing.T, net *mesh.Memory, peers []*peer) {
		t.Helper()
		peers[0].login(t, "before", "s") // not contested
		for _, a := range peers[:2] {
			for _, b := range peers[2:] {
				net.Cut(a.mesh, b.mesh)
			}
		}
		settle()
		const users = 3000 // more than one packet of claims
		for i := range users {
			user := fmt.Sprint("user", i)
			first, second := peers[i%2], peers[2+i%2]
			if i%3 == 0 {
				first, second = second, first
			}
			first.login(t, user, "older")
			time.Sleep(time.Millisecond)
			second.login(t, user, "newer")
		}
		for _, a := range peers[:2] {
			for _, b := range peers[2:] {
				net.Heal(a.mesh, b.mesh)
			}
		}
		settle()
		total := 0
		for _, p := range peers {
			total += p.Size()
			for _, line := range p.evicted {
				var user, sid, by string
				if _, err := fmt.Sscanf(line, "%s %s by %s", &user, &sid, &by); err != nil || sid != "older" || by != "newer" {
					t.Fatalf("evicted %q", line)
				}
			}
		}
		if total != users+1 {
			t.Errorf("%d users are somewhere, want %d", total, users+1)
		}
		for i := range users {
			peers[i%4].find(t, fmt.Sprint("user", i), "hi", uint64(i))
		}
		settle()
		found := 0
		for _, p := range peers {
			found += len(p.found)
		}
		if found != users {
			t.Errorf("%d of %d found", found, users)
		}
	})
}

// The way breaks once more, at each moment of the meeting, and what is on it is lost. Nobody notices.
func TestWhatIsLostWhenNodesMeetIsToldAgain(t *testing.T) {
	for at := time.Duration(0); at < 15*time.Millisecond; at += 500 * time.Microsecond {
		inCluster(t, 2, func(t *testing.T, net *mesh.Memory, peers []*peer) {
			t.Helper()
			a, b := peers[0], peers[1]
			net.Cut(a.mesh, b.mesh)
			settle()
			a.login(t, "bob", "older")
			a.login(t, "alice", "s")
			time.Sleep(time.Millisecond)
			b.login(t, "bob", "newer")
			net.Heal(a.mesh, b.mesh)
			for len(a.mesh.Nodes()) == 0 && len(b.mesh.Nodes()) == 0 {
				time.Sleep(100 * time.Microsecond)
			}
			time.Sleep(at)
			net.Cut(a.mesh, b.mesh)
			net.Heal(a.mesh, b.mesh)
			settle()
			if !slices.Equal(a.evicted, []string{"bob older by newer"}) || b.evicted != nil || a.Size() != 1 || b.Size() != 1 {
				t.Errorf("%v after they have met: evicted %q and %q, sizes %d and %d", at, a.evicted, b.evicted, a.Size(), b.Size())
			}
		})
	}
}

func TestNodesThatServedAloneBeforeTheyMetLeaveOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := mesh.NewMemory(mesh.MemoryOptions{})
		a, b := newPeer(net, "a"), newPeer(net, "b")
		defer stopCluster(t, []*peer{a, b})
		net.Cut(a.mesh, b.mesh)
		for _, p := range []*peer{a, b} {
			if err := p.mesh.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		a.login(t, "bob", "older")
		a.login(t, "alice", "s")
		time.Sleep(time.Millisecond)
		b.login(t, "bob", "newer")
		net.Heal(a.mesh, b.mesh)
		settle()
		if !slices.Equal(a.evicted, []string{"bob older by newer"}) || b.evicted != nil {
			t.Errorf("evicted %q and %q", a.evicted, b.evicted)
		}
		if a.Size() != 1 || b.Size() != 1 {
			t.Errorf("sizes %d and %d", a.Size(), b.Size())
		}
	})
}
