package mesh

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// node is a mesh with what it was told.
type node struct {
	Mesh
	*recorder
}

// world is a kind of mesh in which the same tests run.
type world interface {
	// make makes a node that is not started.
	make(t *testing.T, name string) Mesh
	// crash ends it without goodbye.
	crash(t *testing.T, m Mesh)
}

func addNode(t *testing.T, w world, name string) node {
	t.Helper()
	n := node{w.make(t, name), newRecorder()}
	n.Handle(PortDM, n.recorder)
	n.Handle(PortDirectory, n.recorder)
	n.Watch(n.recorder)

	return n
}

func startNode(t *testing.T, w world, name string) node {
	t.Helper()
	n := addNode(t, w, name)
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNode(t, n) })

	return n
}

func stopNode(t *testing.T, n node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func startThree(t *testing.T, w world) (a, b, c node) {
	t.Helper()
	a, b, c = startNode(t, w, "a"), startNode(t, w, "b"), startNode(t, w, "c")
	for _, n := range []node{a, b, c} {
		n.await(t, "two others are up", func() bool { return len(n.nodes) == 2 })
	}

	return a, b, c
}

func hold(t *testing.T, n node, users ...string) {
	t.Helper()
	for _, u := range users {
		if err := n.Hold(u); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.Barrier(t.Context(), PortDM, nil); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, n node, user, packet string, token uint64) {
	t.Helper()
	if err := n.Find(user, PortDM, []byte(packet), token); err != nil {
		t.Fatal(err)
	}
}

var conformance = map[string]func(t *testing.T, w world){
	"a find reaches the node that holds the user": func(t *testing.T, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		strange := "x. *>\tü/=" + strings.Repeat("ö", 50)
		hold(t, b, "bob", strange)
		find(t, a, "bob", "one", 1)
		find(t, c, strange, "two", 2)
		find(t, b, "bob", "three", 3)
		b.await(t, "three finds", func() bool { return len(b.finds) == 3 })
		for _, want := range []string{"a bob one", "c " + strange + " two", "b bob three"} {
			if !slices.Contains(b.finds, want) {
				t.Errorf("no find %q in %q", want, b.finds)
			}
		}
	},
	"nobody holds the user, and the asker is told": func(t *testing.T, w world) {
		t.Helper()
		a, b, _ := startThree(t, w)
		find(t, a, "carol", "x", 77)
		a.await(t, "nobody", func() bool { return slices.Equal(a.nobody, []uint64{77}) })
		hold(t, b, "carol")
		b.Release("carol")
		if _, err := b.Barrier(t.Context(), PortDM, nil); err != nil {
			t.Fatal(err)
		}
		find(t, a, "carol", "x", 1<<63+5)
		a.await(t, "nobody again", func() bool { return slices.Equal(a.nobody, []uint64{77, 1<<63 + 5}) })
	},
	"of two holders exactly one gets each find": func(t *testing.T, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		hold(t, b, "bob")
		hold(t, c, "bob")
		const finds = 200
		for i := range finds {
			find(t, a, "bob", "x", uint64(i))
		}
		find(t, a, "nobody", "end", 9999)
		a.await(t, "the end", func() bool { return len(a.nobody) == 1 })
		count := func() int {
			b.mu.Lock()
			defer b.mu.Unlock()
			c.mu.Lock()
			defer c.mu.Unlock()

			return len(b.finds) + len(c.finds)
		}
		for _, n := range []node{b, c} { // each has now seen all that a sent before
			if err := a.Send(n.Self(), PortDM, []byte("mark")); err != nil {
				t.Fatal(err)
			}
			n.await(t, "mark", func() bool { return len(n.packets) == 1 })
		}
		for range 1000 {
			if count() == finds {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if got := count(); got != finds {
			t.Errorf("%d finds arrived, want %d", got, finds)
		}
	},
	"packets from one node to another arrive in order": func(t *testing.T, w world) {
		t.Helper()
		a, b, _ := startThree(t, w)
		const packets = 5000
		for i := range packets {
			if err := a.Send(b.Self(), PortDM, fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
		b.await(t, "all packets", func() bool { return len(b.packets) == packets })
		for i, p := range b.packets {
			if p != fmt.Sprintf("a %d", i) {
				t.Fatalf("packet %d is %q", i, p)
			}
		}
	},
	"a barrier is handed to every other node and brings their answers": func(t *testing.T, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		answers, err := a.Barrier(t.Context(), PortDirectory, []byte("hello"))
		if err != nil {
			t.Fatal(err)
		}
		got := map[NodeID]string{}
		for _, answer := range answers {
			got[answer.From] = string(answer.Packet)
		}
		if len(got) != 2 || got[b.Self()] != "seen hello" || got[c.Self()] != "seen hello" {
			t.Errorf("answers: %v", got)
		}
		if len(a.barrier) != 0 {
			t.Errorf("the asker got its own barrier")
		}
	},
	"a barrier waits for no node that dies": func(t *testing.T, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		w.crash(t, c.Mesh)
		answers, err := a.Barrier(t.Context(), PortDM, []byte("x"))
		if err != nil || len(answers) != 1 || answers[0].From != b.Self() {
			t.Errorf("answers %v, %v", answers, err)
		}
	},
	"a barrier ends with its context": func(t *testing.T, w world) {
		t.Helper()
		a, b, _ := startThree(t, w)
		w.crash(t, b.Mesh)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := a.Barrier(ctx, PortDM, nil); err == nil {
			t.Error("no error")
		}
	},
	"users held before a barrier are found from everywhere after it": func(t *testing.T, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		const users, together = 2000, 20
		for i := 0; i < users; i += together {
			var fresh []string
			for j := range together {
				fresh = append(fresh, fmt.Sprintf("user-%d", i+j))
			}
			hold(t, b, fresh...)
			for j, u := range fresh {
				find(t, []node{a, c}[j%2], u, "x", uint64(i+j))
			}
		}
		b.await(t, "all finds", func() bool { return len(b.finds) == users })
		if len(a.nobody)+len(c.nobody) != 0 {
			t.Errorf("%d users were not found", len(a.nobody)+len(c.nobody))
		}
	},
	"a node that has joined finds all that were there before": func(t *testing.T, w world) {
		t.Helper()
		const users = 5000
		a, b := startNode(t, w, "a"), startNode(t, w, "b")
		for i := range users {
			n := []node{a, b}[i%2]
			if err := n.Hold(fmt.Sprintf("user-%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		c := startNode(t, w, "c")
		for i := range users {
			find(t, c, fmt.Sprintf("user-%d", i), "x", uint64(i))
		}
		for _, n := range []node{a, b} {
			n.await(t, "half of the finds", func() bool { return len(n.finds) == users/2 })
		}
		if len(c.nobody) != 0 {
			t.Errorf("%d users were not found", len(c.nobody))
		}
	},
	"a node that stops is gone at once, with all that it sent before": func(t *testing.T, w world) {
		t.Helper()
		a, b, _ := startThree(t, w)
		for range 100 {
			if err := b.Send(a.Self(), PortDM, []byte("last words")); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		stopNode(t, b)
		a.awaitNode(t, "left b")
		if took := time.Since(began); took > time.Second {
			t.Errorf("noticed after %v", took)
		}
		if len(a.packets) != 100 {
			t.Errorf("%d of 100 packets came before the goodbye", len(a.packets))
		}
		if err := a.Send(b.Self(), PortDM, nil); err == nil {
			t.Error("no error for a node that is gone")
		}
		if err := b.Send(a.Self(), PortDM, nil); err == nil {
			t.Error("no error from a node that has stopped")
		}
	},
	"a node that crashes is down within two seconds": func(t *testing.T, w world) {
		t.Helper()
		a, b, c := startThree(t, w)
		hold(t, b, "bob")
		began := time.Now()
		w.crash(t, b.Mesh)
		a.awaitNode(t, "down b")
		c.awaitNode(t, "down b")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("noticed after %v", took)
		}
		find(t, a, "bob", "x", 5)
		a.await(t, "nobody holds the users of a dead node", func() bool { return slices.Equal(a.nobody, []uint64{5}) })
		if a.CutOff() {
			t.Error("cut off although c is there")
		}
	},
	"two nodes may have one name": func(t *testing.T, w world) {
		t.Helper()
		a, b := startNode(t, w, "same"), startNode(t, w, "same")
		a.awaitNode(t, "up same")
		if a.Self() == b.Self() {
			t.Fatal("one NodeID")
		}
		if err := a.Send(b.Self(), PortDM, []byte("x")); err != nil {
			t.Fatal(err)
		}
		b.await(t, "packet", func() bool { return slices.Equal(b.packets, []string{"same x"}) })
	},
	"a node alone is in step at once and finds only its own": func(t *testing.T, w world) {
		t.Helper()
		a := startNode(t, w, "a")
		hold(t, a, "alice")
		find(t, a, "alice", "x", 1)
		find(t, a, "bob", "x", 2)
		a.await(t, "alice", func() bool { return len(a.finds) == 1 && slices.Equal(a.nobody, []uint64{2}) })
		if a.CutOff() || len(a.Nodes()) != 0 {
			t.Error("not alone")
		}
	},
	"nodes that join at the same time all meet": func(t *testing.T, w world) {
		t.Helper()
		first := startNode(t, w, "n0")
		nodes := []node{first}
		for i := range 4 {
			nodes = append(nodes, addNode(t, w, fmt.Sprintf("n%d", i+1)))
		}
		var wg sync.WaitGroup
		for _, n := range nodes[1:] {
			wg.Go(func() {
				if err := n.Start(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, n := range nodes {
			t.Cleanup(func() { stopNode(t, n) })
			n.await(t, "four others", func() bool { return len(n.Nodes()) == 4 })
		}
	},
	"a packet that is too large is refused": func(t *testing.T, w world) {
		t.Helper()
		a, b, _ := startThree(t, w)
		huge := make([]byte, 9<<20)
		for what, err := range map[string]error{
			"send":    a.Send(b.Self(), PortDM, huge),
			"find":    a.Find("bob", PortDM, huge, 1),
			"barrier": func() error { _, err := a.Barrier(t.Context(), PortDM, huge); return err }(),
		} {
			if err == nil || !strings.Contains(err.Error(), ErrPacketTooLarge.Error()) {
				t.Errorf("%s: %v", what, err)
			}
		}
		largest := make([]byte, 65536)
		if err := a.Send(b.Self(), PortDM, largest); err != nil {
			t.Error(err)
		}
		b.await(t, "the largest message", func() bool { return len(b.packets) == 1 })
	},
	"stamps of what one node does after it heard another are later": func(t *testing.T, w world) {
		t.Helper()
		a, b, _ := startThree(t, w)
		a.Clock().Observe(Stamp(uint64(time.Now().Add(time.Hour).UnixMilli()) << stampCounterBits)) // its wall clock is wrong
		before := a.Clock().Now()
		if err := a.Send(b.Self(), PortDM, []byte("x")); err != nil {
			t.Fatal(err)
		}
		b.await(t, "packet", func() bool { return len(b.packets) == 1 })
		if after := b.Clock().Now(); after <= before {
			t.Errorf("%d is not after %d", after, before)
		}
	},
}

func TestMemoryIsAMesh(t *testing.T) {
	for name, test := range conformance {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				test(t, &memoryWorld{NewMemory(MemoryOptions{Delay: jitter()})})
			})
		})
	}
}

// jitter delays packets by a time that differs from pair to pair and packet to packet.
func jitter() func(from, to NodeID) time.Duration {
	var n uint64

	return func(from, to NodeID) time.Duration { // called under the network's mutex
		n = n*6364136223846793005 + from.Incarnation ^ to.Incarnation

		return time.Duration(n>>40) % (2 * time.Millisecond)
	}
}

type memoryWorld struct{ *Memory }

func (w *memoryWorld) make(_ *testing.T, name string) Mesh { return w.Node(name) }

func (w *memoryWorld) crash(_ *testing.T, m Mesh) { w.Crash(m.(*MemoryMesh)) }
