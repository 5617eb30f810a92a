package directory

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

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
