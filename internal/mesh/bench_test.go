package mesh

import (
	"context"
	"fmt"
	"runtime"
	"testing"
)

// threeNATS starts three nodes with embedded servers.
func threeNATS(b *testing.B) [3]*NATS {
	b.Helper()
	var nodes [3]*NATS
	for i := range nodes {
		opts := Options{Node: fmt.Sprint("n", i), Cluster: "127.0.0.1:0", Secret: testSecret}
		if i > 0 {
			opts.Join = []string{nodes[0].ClusterAddr()}
		}
		n, err := NewNATS(opts)
		if err != nil {
			b.Fatal(err)
		}
		n.Handle(PortDM, discard{})
		if err := n.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = n.Stop(context.Background()) })
		nodes[i] = n
	}
	for _, n := range nodes {
		for len(n.Nodes()) < len(nodes)-1 {
			runtime.Gosched()
		}
	}

	return nodes
}

type discard struct{}

func (discard) HandlePacket(NodeID, []byte)         {}
func (discard) HandleFind(NodeID, string, []byte)   {}
func (discard) HandleNobody(uint64)                 {}
func (discard) HandleBarrier(NodeID, []byte) []byte { return nil }

// BenchmarkBarrier: how long a login waits for the other two nodes to know of it.
func BenchmarkBarrier(b *testing.B) {
	nodes := threeNATS(b)
	for i := 0; b.Loop(); i++ {
		if err := nodes[0].Hold(fmt.Sprint("user", i)); err != nil {
			b.Fatal(err)
		}
		if _, err := nodes[0].Barrier(b.Context(), PortDM, []byte("a claim or two")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNobody: how long it takes to learn that nobody holds a user.
func BenchmarkNobody(b *testing.B) {
	nodes := threeNATS(b)
	w := &waiter{nobody: make(chan struct{}, 1)}
	nodes[0].handlers[PortDirectory] = w
	for b.Loop() {
		if err := nodes[0].Find("nobody", PortDirectory, []byte("x"), 1); err != nil {
			b.Fatal(err)
		}
		<-w.nobody
	}
}

type waiter struct {
	discard

	nobody chan struct{}
}

func (w *waiter) HandleNobody(uint64) { w.nobody <- struct{}{} }

// BenchmarkSend: a packet from node to node, as fast as the sender can.
func BenchmarkSend(b *testing.B) {
	nodes := threeNATS(b)
	packet := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if err := nodes[0].Send(nodes[1].Self(), PortDM, packet); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeldUser measures the memory of a user that is held: on its own node, and on its node and two others together.
func BenchmarkHeldUser(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		n, err := NewNATS(Options{Node: "n"})
		if err != nil {
			b.Fatal(err)
		}
		if err := n.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = n.Stop(context.Background()) })
		measureHeld(b, n)
	})
	b.Run("three", func(b *testing.B) { measureHeld(b, threeNATS(b)[0]) })
}

func measureHeld(b *testing.B, n *NATS) {
	b.Helper()
	const users = 100_000
	ids := make([]string, users) // the session has them anyway
	for i := range ids {
		ids[i] = fmt.Sprintf("user-%06d", i)
	}
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)

		return float64(m.HeapAlloc)
	}
	before := heap()
	for b.Loop() {
		for _, id := range ids {
			if err := n.Hold(id); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := n.Barrier(b.Context(), PortDM, nil); err != nil {
			b.Fatal(err)
		}
		if err := n.eng.(*natsEngine).flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric((heap()-before)/users, "bytes/user")
		for _, id := range ids {
			n.Release(id)
		}
	}
}
