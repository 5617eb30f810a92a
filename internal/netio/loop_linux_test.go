package netio

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
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

func newLoop(t *testing.T) *Loop {
	t.Helper()
	l := NewLoop(nil)
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
	b := new(rawConn)
	if !b.adopt(here) || !b.held() {
		t.Fatal("not taken")
	}
	here.Close()
	t.Cleanup(b.close)

	return b, there
}

func read(t *testing.T, b *rawConn) string {
	t.Helper()
	p := make([]byte, 64)
	n, err := b.tryRead(p)
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

func TestARawConnReadsAndWritesWithoutWaiting(t *testing.T) {
	b, there := rawPair(t)
	if got := read(t, b); got != "" {
		t.Errorf("%q without a write", got)
	}
	if n, err := b.tryWrite([]byte("hello")); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(there, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	big := make([]byte, 1<<20)
	for full := false; !full; { // until nothing more fits
		n, err := b.tryWrite(big)
		if err != nil {
			t.Fatal(err)
		}
		full = n == 0
	}
	there.Close()
	for { // the end, or that it was reset with bytes on their way
		if n, err := b.tryRead(big); err != nil {
			break
		} else if n > 0 {
			t.Errorf("%d bytes", n)
		}
	}
	b.close()
	b.close()
	if _, err := b.tryRead(big); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading when closed: %v", err)
	}
	if _, err := b.tryWrite(big); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing when closed: %v", err)
	}
	if _, err := b.netConn(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("attached when closed: %v", err)
	}
}

func TestTheEndOfARawConnIsEOF(t *testing.T) {
	b, there := rawPair(t)
	l, s := newLoop(t), newReadCounter()
	if !l.add(b, s) {
		t.Fatal("not added")
	}
	write(t, there, "bye")
	there.Close()
	for !s.hangup.Load() {
		s.waitForCall(t)
	}
	if got := read(t, b); got != "bye" {
		t.Errorf("%q", got)
	}
	if _, err := b.tryRead(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

func TestThePeerSeesCloseWriteAndCloseOfARawConn(t *testing.T) {
	b, there := rawPair(t)
	b.closeWrite()
	if _, err := there.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	write(t, there, "still here")
	b.close()
	b.closeWrite() // does nothing
}

func TestTheNetConnOfARawConnCanWait(t *testing.T) {
	b, there := rawPair(t)
	conn, err := b.netConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	var ne net.Error
	if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("%v", err)
	}
	conn.Close()
	if _, err := b.tryWrite([]byte("x")); err != nil { // as before
		t.Error(err)
	}
	if _, err := io.ReadFull(there, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func TestAHandlerIsCalledOnceForWhatArrives(t *testing.T) {
	l := newLoop(t)
	b, there := rawPair(t)
	s := newReadCounter()
	write(t, there, "early")
	if !l.add(b, s) {
		t.Fatal("not added")
	}
	s.waitForCall(t)
	if got := read(t, b); got != "early" {
		t.Errorf("%q", got)
	}
	for range 3 {
		write(t, there, "hello")
		s.waitForCall(t)
		if got := read(t, b); got != "hello" {
			t.Errorf("%q", got)
		}
	}
	if n := s.calls.Load(); n != 4 || s.hangup.Load() {
		t.Errorf("woken %d times for 4 writes, over %v", n, s.hangup.Load())
	}
}

func TestEachOfManyConnectionsCallsItsOwnHandler(t *testing.T) {
	l := newLoop(t)
	const n = 300
	var sleepers [n]*readCounter
	var others [n]net.Conn
	for i := range n {
		b, there := rawPair(t)
		sleepers[i], others[i] = newReadCounter(), there
		if !l.add(b, sleepers[i]) {
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
	l := newLoop(t)
	const stuck = 3
	free, freeThere := rawPair(t)
	quick := newReadCounter()
	l.add(free, quick)
	let := make(chan struct{})
	var slow [stuck]*readCounter
	for i := range slow {
		b, there := rawPair(t)
		slow[i] = newReadCounter()
		slow[i].block = let
		l.add(b, slow[i])
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

func (b *batchCounter) Begin() { b.begun.Add(1) }
func (b *batchCounter) End()   { b.ended.Add(1) }

func TestABatchEndsEvenIfAHandlerBlocksTheLoop(t *testing.T) {
	counter := new(batchCounter)
	l := NewLoop(counter)
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
			b, there := rawPair(t)
			slow[i] = newReadCounter()
			slow[i].block = let
			write(t, there, "x")
			l.add(b, slow[i])
		}
		for _, s := range slow {
			s.waitForCall(t)
		}
		close(let)
	}
	for counter.begun.Load() != counter.ended.Load() {
		if time.Now().After(deadline) {
			t.Fatalf("%d batches begun, %d ended", counter.begun.Load(), counter.ended.Load())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAClosedLoopOrConnectionIsNotAdded(t *testing.T) {
	l := NewLoop(nil)
	b, _ := rawPair(t)
	b.close()
	if l.add(b, newReadCounter()) {
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
	l := newLoop(t)
	b, there := rawPair(t)
	other, otherEnd := rawPair(t)
	s, last := newReadCounter(), newReadCounter()
	l.add(b, s)
	l.remove(b, s)
	write(t, there, "x")
	l.add(other, last)
	write(t, otherEnd, "x")
	last.waitForCall(t)
	if n := s.calls.Load(); n != 0 {
		t.Errorf("woken %d times", n)
	}
}

// handlerFunc is a handler that calls a function.
type handlerFunc struct{ do func() }

func (a *handlerFunc) OnReadable(bool) { a.do() }
func (a *handlerFunc) OnTurn()         { a.do() }

func TestAReusedDescriptorGetsNoEventsOfItsPredecessor(t *testing.T) {
	l := newLoop(t)
	keeper, keeperThere := rawPair(t)
	first, firstThere := rawPair(t)
	former, formerThere := rawPair(t)
	here, _ := pair(t)

	var told atomic.Int32
	innocent := &handlerFunc{func() { told.Add(1) }}
	gone := newReadCounter()
	kept, let, swapped := make(chan struct{}), make(chan struct{}), make(chan struct{})
	l.add(keeper, &handlerFunc{func() { close(kept); <-let }})
	l.add(former, gone)
	l.add(first, &handlerFunc{func() { // the next event is the end of former
		l.remove(former, gone)
		former.close()
		for range 32 { // one of them gets its descriptor
			b := new(rawConn)
			if !b.adopt(here) || !l.add(b, innocent) {
				t.Error("not taken")
			}
			t.Cleanup(b.close)
		}
		close(swapped)
	}})
	write(t, keeperThere, "x")
	<-kept
	write(t, firstThere, "x")
	formerThere.Close()
	time.Sleep(time.Millisecond)
	close(let)
	<-swapped
	last, lastThere := rawPair(t)
	s := newReadCounter()
	l.add(last, s)
	write(t, lastThere, "x")
	s.waitForCall(t)
	if n := told.Load(); n != 0 {
		t.Errorf("%d calls, though nothing has arrived", n)
	}
}

func TestADescriptorIsClosedOnceDuringConcurrentCalls(t *testing.T) {
	for range 200 {
		here, there := pair(t)
		var b rawConn
		if !b.adopt(here) {
			t.Fatal("not taken")
		}
		here.Close()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for {
					if _, err := b.tryWrite([]byte("x")); err != nil {
						return
					}
				}
			})
		}
		all.Go(b.close)
		all.Go(b.close)
		all.Wait()
		if _, err := io.Copy(io.Discard, there); err != nil { // the end, at once: no descriptor is left
			t.Error(err)
		}
		there.Close()
	}
}

func TestARawConnDoesNotAllocate(t *testing.T) {
	b, there := rawPair(t)
	msg, p := []byte("ping"), make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := b.tryWrite(msg); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(there, p[:len(msg)]); err != nil {
			t.Error(err)
		}
		if _, err := b.tryRead(p); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// greedy goes on for some turns, and notes each.
type greedy struct {
	c     *Conn
	turns int
	each  func()
	done  chan struct{}
}

func (g *greedy) OnReadable(bool) { g.OnTurn() }

func (g *greedy) OnTurn() {
	g.each()
	g.turns--
	if g.turns == 0 {
		close(g.done)
	} else if !g.c.Later() {
		panic("the loop is closed")
	}
}

func TestAHandlerThatGoesOnLetsOthersHaveTheirTurn(t *testing.T) {
	l := newLoop(t)
	here, there := pair(t)
	c, other := use(t, here), newReadCounter()
	b, otherThere := rawPair(t)
	l.add(b, other)
	g := &greedy{c: c, turns: 100, done: make(chan struct{})}
	seen := 0
	g.each = func() {
		if g.turns == 50 { // the other becomes readable, and is handled within two turns
			write(t, otherThere, "x")
		}
		if g.turns == 47 {
			seen = int(other.calls.Load())
		}
	}
	if !c.Watch(l, g) {
		t.Fatal("not watched")
	}
	write(t, there, "x")
	<-g.done
	if seen != 1 {
		t.Errorf("the other was handled %d times", seen)
	}
	l.Close()
	if c.Later() {
		t.Error("a closed loop takes a turn")
	}
}

// turns counts its turns.
type turns struct{ taken chan struct{} }

func (u *turns) OnReadable(bool) {}
func (u *turns) OnTurn()         { u.taken <- struct{}{} }

func TestLaterWakesALoopThatWaits(t *testing.T) {
	l := newLoop(t)
	here, _ := pair(t)
	c, u := use(t, here), &turns{make(chan struct{}, 100)}
	if !c.Watch(l, u) {
		t.Fatal("not watched")
	}
	for range 100 { // not on the loop's goroutine
		if !c.Later() {
			t.Fatal("the loop is closed")
		}
		select {
		case <-u.taken:
		case <-time.After(20 * time.Second):
			t.Fatal("the loop sleeps on")
		}
	}
}

// late blocks the loop, and goes on when another goroutine has taken that over.
type late struct {
	c     *Conn
	let   chan struct{}
	taken chan struct{}
}

func (b *late) OnReadable(bool) {
	<-b.let
	b.c.Later()
}

func (b *late) OnTurn() { close(b.taken) }

func TestAHandlerThatHasBlockedTheLoopGetsItsTurn(t *testing.T) {
	l := newLoop(t)
	here, there := pair(t)
	c := use(t, here)
	b := &late{c, make(chan struct{}), make(chan struct{})}
	if !c.Watch(l, b) {
		t.Fatal("not watched")
	}
	write(t, there, "x")
	for taken := false; !taken; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		taken = l.generation > 0
		l.mu.Unlock()
	}
	close(b.let)
	select {
	case <-b.taken:
	case <-time.After(20 * time.Second):
		t.Fatal("no turn")
	}
}
