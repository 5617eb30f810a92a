package directory

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

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
