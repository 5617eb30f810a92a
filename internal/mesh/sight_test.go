package mesh

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// startDoubters starts nodes that note on PortDirectory who is uncertain.
func startDoubters(t *testing.T, w world, names ...string) (all []node, doubts []*doubter) {
	t.Helper()
	for _, name := range names {
		n := addNode(t, w, name)
		d := &doubter{recorder: n.recorder, again: func() {}}
		n.Handle(PortDirectory, d)
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stopNode(t, n) })
		all, doubts = append(all, n), append(doubts, d)
	}
	settle()

	return all, doubts
}

// wantUncertain asks for a user whom nobody holds as far as n can see.
func wantUncertain(t *testing.T, n node, d *doubter, user string, uncertain bool) {
	t.Helper()
	synctest.Wait()
	d.n, n.recorder.nobody = 0, nil
	if err := n.Find(user, PortDirectory, []byte("x"), 1); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	synctest.Wait()
	if got := d.n == 1 && len(n.nobody) == 0; got != uncertain || d.n+len(n.nobody) != 1 {
		t.Errorf("%s, asked for %s: uncertain %d times, nobody %d times; want uncertain: %t", n.Self().Name, user, d.n, len(n.nobody), uncertain)
	}
}

// When a partition heals not all nodes meet at once: here those of n1 and n4 have met, those of n1 and the others not yet.
func TestNobodyIsUncertainWhileANodeThatOthersSeeIsStillMissing(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		all, doubts := startDoubters(t, w, "n1", "n2", "n3", "n4")
		n1, n2, n4 := all[0], all[1], all[3]
		hold(t, n2, "bob")
		for _, other := range all[1:] {
			net.Cut(n1.memory(), other.memory())
		}
		settle()
		if !n1.CutOff() {
			t.Error("a node that has lost all others at once is not cut off")
		}
		net.Heal(n1.memory(), n4.memory())
		n1.await(t, "n4 is up", func() bool { return slices.Contains(n1.nodes[3:], "up n4") })
		hold(t, n1, "alice")
		if _, err := n1.Barrier(t.Context(), PortDirectory, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond) // a packet's longest way
		wantUncertain(t, n1, doubts[0], "bob", true)
		wantUncertain(t, n2, doubts[1], "alice", true)
		settle()
		wantUncertain(t, n1, doubts[0], "bob", true)
		wantUncertain(t, n4, doubts[3], "carol", false)

		for _, other := range all[1:3] {
			net.Heal(n1.memory(), other.memory())
		}
		settle()
		find(t, n1, "bob", "x", 2)
		n2.await(t, "find", func() bool { return len(n2.finds) == 1 })
		for i, n := range all {
			wantUncertain(t, n, doubts[i], "carol", false)
		}
	})
}

func TestNobodyIsCertainAgainSoonAfterANodeHasDied(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		all, doubts := startDoubters(t, w, "n1", "n2", "n3")
		hold(t, all[2], "bob")
		net.Crash(all[2].memory())
		for _, n := range all[:2] {
			n.await(t, "n3 is down", func() bool { return slices.Contains(n.nodes, "down n3") })
		}
		time.Sleep(100 * time.Millisecond)
		wantUncertain(t, all[0], doubts[0], "bob", false)
		wantUncertain(t, all[1], doubts[1], "bob", false)
	})
}

// What others say may be lost, or come too late.
func TestAMissingNodeThatNobodySeesAnyMoreIsMissedNoLonger(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		all, doubts := startDoubters(t, w, "n1", "n2", "n3")
		net.Cut(all[0].memory(), all[2].memory())
		settle()
		wantUncertain(t, all[0], doubts[0], "carol", true)
		net.Cut(all[0].memory(), all[1].memory()) // for a moment: what n2 tells meanwhile is lost
		net.Crash(all[2].memory())
		time.Sleep(time.Second)
		net.Heal(all[0].memory(), all[1].memory())
		settle()
		wantUncertain(t, all[0], doubts[0], "carol", false)
	})
}

func TestNobodyIsUncertainWhileANodeIsSilent(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		all, doubts := startDoubters(t, w, "n1", "n2", "n3")
		net.Freeze(all[2].memory())
		time.Sleep(1100 * time.Millisecond) // not down yet
		wantUncertain(t, all[0], doubts[0], "carol", true)
		if !all[0].memory().Doubts() {
			t.Error("there is no doubt")
		}
		net.Thaw(all[2].memory())
		settle()
		wantUncertain(t, all[0], doubts[0], "carol", false)
		if all[0].memory().Doubts() {
			t.Error("there is doubt still")
		}
	})
}

// What NATS said before it knew the other's interest again may be heard after the two have met.
func TestNobodyIsUncertainForAMomentAfterAMeeting(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		all, doubts := startDoubters(t, w, "n1", "n2", "n3")
		n1, n2 := all[0], all[1]
		net.Cut(n1.memory(), n2.memory())
		settle()
		hold(t, n2, "bob")
		net.Heal(n1.memory(), n2.memory())
		n1.await(t, "n2 is up again", func() bool { return n1.nodes[len(n1.nodes)-1] == "up n2" })
		n1.memory().onNobody(PortDirectory, 7)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if len(n1.nobody) > 0 || doubts[0].n != 1 {
			t.Errorf("nobody: %v, uncertain %d times", n1.nobody, doubts[0].n)
		}
		settle()
		wantUncertain(t, n1, doubts[0], "carol", false)
	})
}

// hanging is an engine that takes nothing for a while.
type hanging struct {
	engine

	until atomic.Pointer[chan struct{}]
}

func (h *hanging) toAll(packet []byte) error {
	if until := h.until.Load(); until != nil {
		<-*until
	}

	return h.engine.toAll(packet)
}

func TestANodeWhoseEngineHangsHasNotSlept(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, _ world) {
		t.Helper()
		held, frozen := net.Node("held"), net.Node("frozen")
		h := &hanging{engine: held.eng}
		held.eng = h
		for _, n := range []*MemoryMesh{held, frozen} {
			if err := n.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		until := make(chan struct{})
		h.until.Store(&until)
		net.Freeze(frozen)
		slept := time.Now()
		time.Sleep(5 * time.Second)
		h.until.Store(nil)
		close(until)
		net.Thaw(frozen)
		if stamp, woke := frozen.Woke(); woke.Sub(slept) != 5*time.Second || stamp == 0 { // before anything has run
			t.Errorf("the node that was frozen woke at %v (%v)", woke, stamp)
		}
		time.Sleep(time.Second)
		if stamp, woke := held.Woke(); stamp != 0 || !woke.IsZero() {
			t.Errorf("the node that was held up woke at %v", woke)
		}
		for _, n := range []*MemoryMesh{held, frozen} {
			if err := n.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}
