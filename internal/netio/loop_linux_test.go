package netio

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

// readCounter counts its calls.
type readCounter struct {
	calls  atomic.Int32
	hangup atomic.Bool
	called chan struct{}
	block  chan struct{} // OnReadable returns when this is closed; nil: at once
}

func newReadCounter() *readCounter { return &readCounter{called: make(chan struct{}, 100)} }

func (s *readCounter) OnReadable(hangup bool) {
	s.calls.Add(1)
	if hangup {
		s.hangup.Store(true)
	}
	s.called <- struct{}{}
	if s.block != nil {
		<-s.block
	}
}

// OnTurn implements ReadHandler.
func (s *readCounter) OnTurn() { s.OnReadable(false) }

func (s *readCounter) waitForCall(t *testing.T) {
	t.Helper()
	select {
	case <-s.called:
	case <-time.After(20 * time.Second):
		t.Fatal("it sleeps on")
	}
}

func startLoop(t *testing.T) *Loop {
	t.Helper()
	l := newLoop(1, nil)
	if l == nil {
		t.Fatal("no loop")
	}
	t.Cleanup(l.Close)

	return l
}

// rawPair is two ends of a connection, one of them a rawConn.
func rawPair(t *testing.T) (*rawConn, net.Conn) {
	t.Helper()
	here, there := pair(t)
	r := new(rawConn)
	if !r.holdDuplicate(here) || !r.held() {
		t.Fatal("not taken")
	}
	here.Close()
	t.Cleanup(r.close)

	return r, there
}

func read(t *testing.T, r *rawConn) string {
	t.Helper()
	p := make([]byte, 64)
	n, err := r.tryRead(p)
	if err != nil {
		t.Fatal(err)
	}

	return string(p[:n])
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

func TestAHandlerIsCalledOnceForWhatArrives(t *testing.T) {
	l := startLoop(t)
	r, there := rawPair(t)
	s := newReadCounter()
	write(t, there, "early")
	if !l.add(r, s) {
		t.Fatal("not added")
	}
	s.waitForCall(t)
	if got := read(t, r); got != "early" {
		t.Errorf("%q", got)
	}
	for range 3 {
		write(t, there, "hello")
		s.waitForCall(t)
		if got := read(t, r); got != "hello" {
			t.Errorf("%q", got)
		}
	}
	if n := s.calls.Load(); n != 4 || s.hangup.Load() {
		t.Errorf("woken %d times for 4 writes, over %v", n, s.hangup.Load())
	}
}

func TestEachOfManyConnectionsCallsItsOwnHandler(t *testing.T) {
	l := startLoop(t)
	const n = 300
	var sleepers [n]*readCounter
	var others [n]net.Conn
	for i := range n {
		r, there := rawPair(t)
		sleepers[i], others[i] = newReadCounter(), there
		if !l.add(r, sleepers[i]) {
			t.Fatal("not added")
		}
	}
	for i := 0; i < n; i += 2 {
		write(t, others[i], "x")
	}
	for i := 0; i < n; i += 2 {
		sleepers[i].waitForCall(t)
	}
	for i, s := range sleepers {
		if want := int32(1 - i%2); s.calls.Load() != want {
			t.Errorf("connection %d was woken %d times, want %d", i, s.calls.Load(), want)
		}
	}
}

func TestAHandlerThatBlocksTheLoopDelaysNoOther(t *testing.T) {
	l := startLoop(t)
	const stuck = 3
	free, freeThere := rawPair(t)
	quick := newReadCounter()
	l.add(free, quick)
	let := make(chan struct{})
	var slow [stuck]*readCounter
	for i := range slow {
		r, there := rawPair(t)
		slow[i] = newReadCounter()
		slow[i].block = let
		l.add(r, slow[i])
		write(t, there, "x")
	}
	for _, s := range slow { // each is called, though none returns
		s.waitForCall(t)
	}
	for range 10 {
		write(t, freeThere, "x")
		quick.waitForCall(t)
		read(t, free)
	}
	close(let)
	for range 10 {
		write(t, freeThere, "x")
		quick.waitForCall(t)
		read(t, free)
	}
}

// batchCounter counts the calls.
type batchCounter struct{ begun, ended atomic.Int32 }

func (r *batchCounter) Begin() { r.begun.Add(1) }
func (r *batchCounter) End()   { r.ended.Add(1) }

func TestABatchEndsEvenIfAHandlerBlocksTheLoop(t *testing.T) {
	counter := new(batchCounter)
	l := newLoop(1, counter)
	t.Cleanup(l.Close)
	one, oneThere := rawPair(t)
	alone := newReadCounter()
	l.add(one, alone)
	write(t, oneThere, "x")
	alone.waitForCall(t)
	if n := counter.begun.Load(); n != 0 {
		t.Errorf("%d batches of one", n)
	}
	deadline := time.Now().Add(20 * time.Second)
	for counter.begun.Load() == 0 { // until several wait behind the first handler
		if time.Now().After(deadline) {
			t.Fatal("no batch")
		}
		let := make(chan struct{})
		var slow [8]*readCounter
		for i := range slow {
			r, there := rawPair(t)
			slow[i] = newReadCounter()
			slow[i].block = let
			write(t, there, "x")
			l.add(r, slow[i])
		}
		for _, s := range slow {
			s.waitForCall(t)
		}
		close(let)
	}
	testkit.Eventually(t, "each batch ends", func() bool { return counter.begun.Load() == counter.ended.Load() })
}

func TestAClosedLoopOrConnectionIsNotAdded(t *testing.T) {
	l := newLoop(1, nil)
	r, _ := rawPair(t)
	r.close()
	if l.add(r, newReadCounter()) {
		t.Error("took a closed connection")
	}
	l.Close()
	l.Close()
	open, _ := rawPair(t)
	if l.add(open, newReadCounter()) {
		t.Error("a closed loop took a connection")
	}
	var none *Loop
	none.Close()
	none.remove(open, nil)
	if none.add(open, newReadCounter()) {
		t.Error("no loop took a connection")
	}
}

func TestARemovedHandlerIsNotCalled(t *testing.T) {
	l := startLoop(t)
	r, there := rawPair(t)
	other, otherEnd := rawPair(t)
	s, last := newReadCounter(), newReadCounter()
	l.add(r, s)
	l.remove(r, s)
	write(t, there, "x")
	l.add(other, last)
	write(t, otherEnd, "x")
	last.waitForCall(t)
	if n := s.calls.Load(); n != 0 {
		t.Errorf("woken %d times", n)
	}
}
