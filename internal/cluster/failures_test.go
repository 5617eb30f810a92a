package cluster_test

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/link"
)

func TestADeadProcessIsNoticedAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		w.nodes["n3"].host.Crash()
		took := w.within(100*time.Millisecond, "it is gone", w.allSee("n1", "n2"))
		t.Logf("after %v", took)
		w.within(100*time.Millisecond, "the hosts know", func() bool {
			n1 := w.nodes["n1"]
			n1.mu.Lock()
			defer n1.mu.Unlock()

			return slices.Contains(n1.downs, "n3") && slices.Contains(n1.ended, "n3: "+link.ErrGone.Error())
		})
	})
}

func TestAVanishedMachineIsNoticedWithinTwoSeconds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		w.net.Cut("n1", "n3")
		w.net.Cut("n2", "n3")
		took := w.within(2*time.Second, "it is gone", w.allSee("n1", "n2"))
		t.Logf("after %v", took)
		w.within(2*time.Second, "it is alone", func() bool { return w.sees("n3", "n3") })
		w.net.Heal("n1", "n3")
		w.net.Heal("n2", "n3")
		w.within(10*time.Second, "they meet again", w.allSee("n1", "n2", "n3"))
	})
}

func TestOneOfAPairWithoutALinkStepsOut(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		w.net.Cut("n2", "n3")
		w.within(4*time.Second, "one has stepped out", func() bool { return w.allSee("n1", "n2")() || w.allSee("n1", "n3")() })
		out := w.nodes["n3"]
		if w.sees("n1", "n1", "n3") {
			out = w.nodes["n2"]
		}
		w.within(time.Second, "it is no member", func() bool { return len(out.Members()) == 0 && out.Ready() != nil })
		time.Sleep(20 * time.Second)
		if len(out.Members()) != 0 {
			t.Error("it has entered without a link to a member")
		}
		w.net.Heal("n2", "n3")
		w.within(2*time.Minute, "it has entered again", w.allSee("n1", "n2", "n3"))
		out.mu.Lock()
		defer out.mu.Unlock()
		if out.outs != 1 {
			t.Errorf("it has stepped out %d times", out.outs)
		}
	})
}

func TestHalvesAreTwoClustersUntilTheyMeet(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3", "n4")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3", "n4"))
		halves := func(f func(a, b string)) {
			for _, a := range []string{"n1", "n2"} {
				for _, b := range []string{"n3", "n4"} {
					f(a, b)
				}
			}
		}
		halves(w.net.Cut)
		w.within(3*time.Second, "two halves", func() bool { return w.allSee("n1", "n2")() && w.allSee("n3", "n4")() })
		halves(w.net.Heal)
		w.within(time.Minute, "one cluster", w.allSee("n1", "n2", "n3", "n4"))
	})
}

func TestAProcessThatWasStoppedJoinsAnew(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		n3 := w.nodes["n3"]
		n3.host.Freeze()
		time.Sleep(1200 * time.Millisecond) // the others suspend their links, and end none
		n3.host.Thaw()
		w.within(10*time.Second, "it has paused", func() bool {
			n3.mu.Lock()
			defer n3.mu.Unlock()

			return n3.paused == 1
		})
		w.within(10*time.Second, "all see all again", w.allSee("n1", "n2", "n3"))
		n3.host.Freeze()
		time.Sleep(10 * time.Second)
		if !w.allSee("n1", "n2")() {
			t.Error("it is still seen")
		}
		n3.host.Thaw()
		w.within(10*time.Second, "all see all once more", w.allSee("n1", "n2", "n3"))
	})
}

func TestAStopIsHeardOfAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start("n1", "n2", "n3")
		w.within(2*time.Second, "all see all", w.allSee("n1", "n2", "n3"))
		w.nodes["n2"].stop(t)
		w.within(50*time.Millisecond, "it is gone", w.allSee("n1", "n3"))
	})
}
