package mesh

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// inMemory runs a test in a bubble with a network whose packets take 0 to 2 ms.
func inMemory(t *testing.T, test func(t *testing.T, net *Memory, w world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		net := NewMemory(MemoryOptions{Delay: jitter()})
		test(t, net, &memoryWorld{net})
	})
}

func (n node) memory() *MemoryMesh { return n.Mesh.(*MemoryMesh) }

func settle() {
	time.Sleep(10 * time.Second)
	synctest.Wait()
}

func wantEvents(t *testing.T, n node, want ...string) {
	t.Helper()
	if got := n.events(); !slices.Equal(got, want) {
		t.Errorf("%s was told %q, want %q", n.Self().Name, got, want)
	}
}

func TestNodesThatAreCutFromEachOtherForgetAndMeetAgain(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		hold(t, b, "bob")
		for _, n := range []node{a, b, c} {
			n.reset()
		}
		net.Cut(a.memory(), b.memory())
		settle()
		wantEvents(t, a, "down b")
		wantEvents(t, b, "down a")
		find(t, a, "bob", "x", 1)
		a.await(t, "nobody", func() bool { return len(a.nobody) == 1 })
		if err := a.Send(b.Self(), PortDM, nil); !errors.Is(err, ErrNoNode) {
			t.Errorf("send: %v", err)
		}
		net.Heal(a.memory(), b.memory())
		settle()
		wantEvents(t, a, "down b", "up b")
		wantEvents(t, b, "down a", "up a")
		wantEvents(t, c)
		find(t, a, "bob", "x", 2)
		b.await(t, "find", func() bool { return len(b.finds) == 1 })
	})
}

func TestANodeThatWasFrozenAndTheOthersForgetEachOther(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		for _, n := range []node{a, b, c} {
			n.reset()
		}
		net.Freeze(b.memory())
		settle()
		wantEvents(t, a, "down b")
		net.Thaw(b.memory())
		settle()
		wantEvents(t, a, "down b", "up b")
		wantEvents(t, c, "down b", "up b")
		events := b.events()
		slices.Sort(events)
		if !slices.Equal(events, []string{"down a", "down c", "up a", "up c"}) {
			t.Errorf("the frozen node was told %q", b.events())
		}
	})
}

func TestANodeThatDidNotRunForAMomentJudgesNobody(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		for _, n := range []node{a, b, c} {
			n.reset()
		}
		for range 10 {
			for _, n := range []node{a, b, c} { // the whole machine stood still
				net.Freeze(n.memory())
			}
			time.Sleep(5 * time.Second)
			for _, n := range []node{c, a, b} {
				net.Thaw(n.memory())
			}
			time.Sleep(3 * time.Second)
		}
		for _, n := range []node{a, b, c} {
			wantEvents(t, n)
		}
	})
}

func TestWatchersOfBothSidesCanSendAsSoonAsANodeIsUpAgain(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b := addNode(t, w, "a"), addNode(t, w, "b")
		a.Watch(&greeter{a.Mesh})
		b.Watch(&greeter{b.Mesh})
		for _, n := range []node{a, b} {
			if err := n.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { stopNode(t, n) })
		}
		settle()
		for i := range 2 {
			for _, n := range []node{a, b} {
				if len(n.packets) != 2*i+1 {
					t.Errorf("%s was greeted %d times, want %d", n.Self().Name, len(n.packets), 2*i+1)
				}
			}
			net.Freeze(b.memory())
			settle()
			net.Thaw(b.memory())
			settle()
			net.Cut(a.memory(), b.memory())
			settle()
			net.Heal(a.memory(), b.memory())
			settle()
		}
	})
}

// greeter sends a packet to every node that comes up.
type greeter struct{ m Mesh }

func (g *greeter) NodeUp(n NodeID)       { _ = g.m.Send(n, PortDM, []byte("welcome")) }
func (g *greeter) NodeDown(NodeID, bool) {}
func (g *greeter) PathLost(NodeID)       {}

func TestANodeWithoutItsEngineIsCutOff(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		hold(t, b, "bob")
		for _, n := range []node{a, b, c} {
			n.reset()
		}
		net.CutOff(a.memory())
		if err := a.Find("bob", PortDM, nil, 1); !errors.Is(err, ErrCutOff) || !a.CutOff() {
			t.Errorf("find: %v", err)
		}
		settle()
		wantEvents(t, a) // it judges nobody
		wantEvents(t, b, "down a")
		net.Restore(a.memory())
		settle()
		if a.CutOff() {
			t.Error("still cut off")
		}
		wantEvents(t, b, "down a", "up a")
		find(t, a, "bob", "x", 2)
		b.await(t, "find", func() bool { return len(b.finds) == 1 })
	})
}

func TestANodeThatLosesAllOthersAtOnceIsCutOffUntilOneIsBack(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		net.Cut(a.memory(), b.memory())
		net.Cut(a.memory(), c.memory())
		settle()
		if !a.CutOff() || b.CutOff() || c.CutOff() {
			t.Errorf("cut off: %v %v %v", a.CutOff(), b.CutOff(), c.CutOff())
		}
		net.Heal(a.memory(), c.memory())
		settle()
		if a.CutOff() {
			t.Error("still cut off")
		}
	})
}

func TestANodeWhoseOnlyNeighbourCrashesIsNotCutOff(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		net.Crash(b.memory())
		settle()
		net.Crash(c.memory()) // much later
		settle()
		if a.CutOff() {
			t.Error("cut off")
		}
		if events := a.events(); !slices.Equal(events[2:], []string{"down b", "down c"}) {
			t.Errorf("a was told %q", events)
		}
	})
}

func TestABarrierIsAnsweredThoughTheWayIsLostForAMoment(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		net.Cut(a.memory(), b.memory())
		done := make(chan error)
		go func() {
			answers, err := a.Barrier(t.Context(), PortDM, []byte("x"))
			if err == nil && len(answers) != 2 {
				err = fmt.Errorf("%d answers", len(answers))
			}
			done <- err
		}()
		time.Sleep(time.Second)
		net.Heal(a.memory(), b.memory())
		if err := <-done; err != nil {
			t.Error(err)
		}
		if len(c.events()) != 2 {
			t.Errorf("c was told %q", c.events())
		}
	})
}

func TestNobodyIsUncertainWhileANodeThatIsUpCannotBeReached(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		a, b := addNode(t, w, "a"), startNode(t, w, "b")
		doubts := &doubter{recorder: a.recorder}
		a.Handle(PortDirectory, doubts)
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stopNode(t, a) })
		hold(t, b, "bob")
		net.Cut(a.memory(), b.memory())
		ask := func() {
			if err := a.Find("bob", PortDirectory, []byte("x"), 5); err != nil {
				t.Error(err)
			}
		}
		doubts.again = ask
		ask()
		time.Sleep(time.Second)
		net.Heal(a.memory(), b.memory())
		settle()
		if doubts.n == 0 || len(b.finds) != 1 || len(a.nobody) != 0 {
			t.Errorf("%d times uncertain, %d finds, nobody: %v", doubts.n, len(b.finds), a.nobody)
		}
		wantEvents(t, a, "up b")

		net.Cut(a.memory(), b.memory())
		ask()
		settle()
		wantEvents(t, a, "up b", "down b")
		if len(b.finds) != 1 || len(a.nobody) != 1 {
			t.Errorf("%d finds, nobody: %v", len(b.finds), a.nobody)
		}
	})
}

// doubter asks again when nobody is uncertain.
type doubter struct {
	*recorder

	n           int
	again       func()
	unreachable atomic.Int64
}

var _ Doubter = (*doubter)(nil)

func (d *doubter) HandleUncertain(uint64) {
	d.n++
	d.again()
}

func (d *doubter) HandleUnreachable(uint64) { d.unreachable.Add(1) }

func TestAPacketIsValidOnlyWhileItsHandlerRuns(t *testing.T) {
	inMemory(t, func(t *testing.T, _ *Memory, w world) {
		t.Helper()
		a, b, _ := startThree(t, w)
		if err := a.Send(b.Self(), PortDM, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		settle()
		if string(b.kept[0]) == "hello" {
			t.Error("the packet is still there")
		}
	})
}

func TestWhatDoesNotFitIntoAnInboxIsDroppedAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := NewMemory(MemoryOptions{Inbox: 100})
		a, b := startNode(t, &memoryWorld{net}, "a"), startNode(t, &memoryWorld{net}, "b")
		settle()
		net.Freeze(b.memory())
		for range 150 {
			if err := a.Send(b.Self(), PortDM, []byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		net.Thaw(b.memory())
		settle()
		if got := len(b.packets) + int(b.memory().Drops().Packets); got != 150 || len(b.packets) > 101 {
			t.Errorf("%d arrived, %+v", len(b.packets), b.memory().Drops())
		}
	})
}

// Whatever breaks and heals: the watcher of every node sees each other node go up and down in turn, in
// the end all see all, and everybody who is held is found.
func TestAfterAnyFaultsAllNodesSeeAndFindEachOther(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const nodes = 4
		type step struct{ what, a, b, wait int }
		var steps []step
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			steps = append(steps, step{
				rapid.IntRange(0, 5).Draw(rt, "what"),
				rapid.IntRange(0, nodes-1).Draw(rt, "a"),
				rapid.IntRange(0, nodes-1).Draw(rt, "b"),
				rapid.IntRange(0, 4000).Draw(rt, "ms"),
			})
		}
		var wrong string
		synctest.Test(t, func(t *testing.T) {
			net := NewMemory(MemoryOptions{Delay: jitter()})
			var all []node
			for i := range nodes {
				all = append(all, startNode(t, &memoryWorld{net}, fmt.Sprint("n", i)))
				hold(t, all[i], fmt.Sprint("user", i))
			}
			heal := func() {
				for i, n := range all {
					net.Thaw(n.memory())
					net.Restore(n.memory())
					for _, other := range all[i+1:] {
						net.Heal(n.memory(), other.memory())
					}
				}
			}
			for _, s := range steps {
				a, b := all[s.a].memory(), all[s.b].memory()
				switch {
				case s.what == 0 && a != b:
					net.Cut(a, b)
				case s.what == 1 && a != b:
					net.Heal(a, b)
				case s.what == 2:
					net.Freeze(a)
				case s.what == 3:
					net.Thaw(a)
				case s.what == 4:
					net.CutOff(a)
				case s.what == 5:
					net.Restore(a)
				}
				time.Sleep(time.Duration(s.wait) * time.Millisecond)
			}
			heal()
			settle()
			wrong = checkAllMeet(t, all)
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func checkAllMeet(t *testing.T, all []node) string {
	t.Helper()
	for i, n := range all {
		if len(n.Nodes()) != len(all)-1 || n.CutOff() {
			return fmt.Sprintf("%v sees %v, cut off %v", n.Self(), n.Nodes(), n.CutOff())
		}
		last := map[string]string{}
		for _, event := range n.events() {
			word, who, _ := strings.Cut(event, " ")
			if last[who] == word || (last[who] == "" && word != "up") {
				return fmt.Sprintf("%v was told %q", n.Self(), n.events())
			}
			last[who] = word
		}
		find(t, n, fmt.Sprint("user", (i+1)%len(all)), "x", 1)
	}
	settle()
	for _, n := range all {
		if len(n.finds) != 1 {
			return fmt.Sprintf("%v got %d finds", n.Self(), len(n.finds))
		}
	}

	return ""
}
