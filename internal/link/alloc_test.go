package link

import (
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
)

// tlsReadAllocs is what crypto/tls allocates for a read that finds nothing buffered (24 bytes, of
// its atLeastReader), at each end: it cannot be had without. Packets that come together share it.
const tlsReadAllocs = 1

func TestSendingAndReceivingDoesNotAllocate(t *testing.T) {
	if testkit.Race {
		t.Skip("the race detector allocates")
	}
	a, b := open(t, "a", 1), open(t, "b", 2)
	back := make(chan struct{}, 1)
	b.on = func(l *Link, port uint8, p []byte) { _ = l.Send(port, p) }
	a.on = func(*Link, uint8, []byte) { back <- struct{}{} }
	join(t, a, b)
	quiet(a, b)
	l := a.To(b.id)
	packet := make([]byte, 64)
	trip := func() {
		_ = l.Send(1, packet)
		<-back
	}
	for range 1000 {
		trip()
	}
	if n := testing.AllocsPerRun(5000, trip); n > 2*tlsReadAllocs {
		t.Errorf("%v allocations a round trip", n)
	}

	const batch = 64
	n := 0
	b.on = func(l *Link, port uint8, p []byte) {
		n++
		if n%batch == 0 {
			_ = l.Send(port, p)
		}
	}
	batches := func() {
		a.cfg.Cork.Begin()
		for range batch {
			_ = l.Send(1, packet)
		}
		a.cfg.Cork.End()
		<-back
	}
	a.cfg.Cork = new(Cork)
	for range 100 {
		batches()
	}
	if n := testing.AllocsPerRun(500, batches); n > 3*tlsReadAllocs {
		t.Errorf("%v allocations for %d packets", n, batch)
	}
}

// quiet has recorders not note calls, which allocates.
func quiet(members ...*member) {
	for _, m := range members {
		m.cfg.Handler = silent{m.recorder}
	}
}

type silent struct{ *recorder }

func (s silent) HandlePacket(l *Link, port uint8, packet []byte) { s.on(l, port, packet) }

func TestLeasedDoesNotAllocate(t *testing.T) {
	a := open(t, "a", 1)
	if n := testing.AllocsPerRun(1000, func() { _ = a.Leased() && a.Running() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
