package sock_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/sock"
)

// sleeper counts how often it is woken.
type sleeper struct {
	woken atomic.Int32
	wake  chan struct{}
}

func newSleeper() *sleeper { return &sleeper{wake: make(chan struct{}, 100)} }

func (s *sleeper) Wake() {
	s.woken.Add(1)
	s.wake <- struct{}{}
}

func (s *sleeper) wakes(t *testing.T) {
	t.Helper()
	select {
	case <-s.wake:
	case <-time.After(20 * time.Second):
		t.Fatal("it sleeps on")
	}
}

func TestAParkedConnectionIsWokenOnceForWhatArrives(t *testing.T) {
	lot := sock.NewLot()
	defer lot.Close()
	here, there := pair(t)
	c, in, s := use(t, here), &intake{}, newSleeper()
	for i := range 3 {
		if i == 1 { // what is there already wakes as well
			if _, err := there.Write([]byte("early")); err != nil {
				t.Fatal(err)
			}
		}
		if !lot.Park(c, s) {
			t.Fatal("not parked")
		}
		if i != 1 {
			for range 2 {
				if _, err := there.Write([]byte("hello")); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.wakes(t)
		if _, err := c.Read(in); err != nil {
			t.Fatal(err)
		}
		_ = here.SetReadDeadline(time.Now().Add(10 * time.Millisecond)) // the second half of what was written
		_, _ = c.Read(in)
		_ = here.SetReadDeadline(time.Time{})
	}
	if n := s.woken.Load(); n != 3 {
		t.Errorf("woken %d times, parked 3 times", n)
	}
}

func TestAParkedConnectionIsWokenWhenTheOtherSideCloses(t *testing.T) {
	lot := sock.NewLot()
	defer lot.Close()
	here, there := pair(t)
	s := newSleeper()
	if !lot.Park(use(t, here), s) {
		t.Fatal("not parked")
	}
	there.Close()
	s.wakes(t)
}

func TestManyConnectionsAreParkedAndWokenEachForItself(t *testing.T) {
	lot := sock.NewLot()
	defer lot.Close()
	const n = 300
	var sleepers [n]*sleeper
	var others [n]net.Conn
	for i := range n {
		here, there := pair(t)
		sleepers[i], others[i] = newSleeper(), there
		if !lot.Park(use(t, here), sleepers[i]) {
			t.Fatal("not parked")
		}
	}
	for i := 0; i < n; i += 2 {
		if _, err := others[i].Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < n; i += 2 {
		sleepers[i].wakes(t)
	}
	for i, s := range sleepers {
		if want := int32(1 - i%2); s.woken.Load() != want {
			t.Errorf("connection %d was woken %d times, want %d", i, s.woken.Load(), want)
		}
	}
}

func TestALotTakesNobodyWhoseConnectionIsClosedOrOnceItIsClosed(t *testing.T) {
	lot := sock.NewLot()
	here, _ := pair(t)
	c := use(t, here)
	if !lot.Park(c, newSleeper()) {
		t.Error("not parked")
	}
	here.Close()
	if lot.Park(c, newSleeper()) {
		t.Error("parked a closed connection")
	}
	lot.Close()
	lot.Close()
	open, _ := pair(t)
	if lot.Park(use(t, open), newSleeper()) {
		t.Error("a closed lot took a connection")
	}
	var none *sock.Lot
	none.Close()
	if none.Park(c, newSleeper()) {
		t.Error("no lot took a connection")
	}
}

func TestOneWhoLeavesTheLotIsNotWoken(t *testing.T) {
	lot := sock.NewLot()
	defer lot.Close()
	here, there := pair(t)
	other, otherEnd := pair(t)
	c, s, last := use(t, here), newSleeper(), newSleeper()
	lot.Park(c, s)
	lot.Leave(c, s)
	if _, err := there.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	lot.Park(use(t, other), last)
	if _, err := otherEnd.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	last.wakes(t)
	if s.woken.Load() != 0 {
		t.Error("it was woken")
	}
}
