package netio_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/netio"
)

// sleeper counts how often it is woken.
type sleeper struct {
	woken atomic.Int32
	over  atomic.Bool
	wake  chan struct{}
	hold  chan struct{} // Wake returns when this is closed; nil: at once
}

func newSleeper() *sleeper { return &sleeper{wake: make(chan struct{}, 100)} }

func (s *sleeper) Wake(over bool) {
	s.woken.Add(1)
	if over {
		s.over.Store(true)
	}
	s.wake <- struct{}{}
	if s.hold != nil {
		<-s.hold
	}
}

func (s *sleeper) wakes(t *testing.T) {
	t.Helper()
	select {
	case <-s.wake:
	case <-time.After(20 * time.Second):
		t.Fatal("it sleeps on")
	}
}

func newLoop(t *testing.T) *netio.Loop {
	t.Helper()
	l := netio.NewLoop(nil)
	if l == nil {
		t.Fatal("no loop")
	}
	t.Cleanup(l.Close)

	return l
}

// barePair is two ends of a connection, one of them bare.
func barePair(t *testing.T) (*netio.Bare, net.Conn) {
	t.Helper()
	here, there := pair(t)
	b := new(netio.Bare)
	if !b.Take(here) || !b.Held() {
		t.Fatal("not taken")
	}
	here.Close()
	t.Cleanup(b.Close)

	return b, there
}

func read(t *testing.T, b *netio.Bare) string {
	t.Helper()
	p := make([]byte, 64)
	n, err := b.TryRead(p)
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

func TestABareConnectionReadsAndWritesWithoutWaiting(t *testing.T) {
	b, there := barePair(t)
	if got := read(t, b); got != "" {
		t.Errorf("%q from nobody", got)
	}
	if n, err := b.TryWrite([]byte("hello")); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(there, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	big := make([]byte, 1<<20)
	for full := false; !full; { // until nothing more fits
		n, err := b.TryWrite(big)
		if err != nil {
			t.Fatal(err)
		}
		full = n == 0
	}
	there.Close()
	for { // the end, or that it was reset with bytes on their way
		if n, err := b.TryRead(big); err != nil {
			break
		} else if n > 0 {
			t.Errorf("%d bytes", n)
		}
	}
	b.Close()
	b.Close()
	if _, err := b.TryRead(big); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading when closed: %v", err)
	}
	if _, err := b.TryWrite(big); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing when closed: %v", err)
	}
	if _, err := b.Attach(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("attached when closed: %v", err)
	}
}

func TestTheEndOfABareConnectionIsEOF(t *testing.T) {
	b, there := barePair(t)
	l, s := newLoop(t), newSleeper()
	if !l.Add(b, s) {
		t.Fatal("not added")
	}
	write(t, there, "bye")
	there.Close()
	for !s.over.Load() {
		s.wakes(t)
	}
	if got := read(t, b); got != "bye" {
		t.Errorf("%q", got)
	}
	if _, err := b.TryRead(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

func TestTheOtherSideSeesWhenABareConnectionWritesNoMoreAndWhenItCloses(t *testing.T) {
	b, there := barePair(t)
	b.CloseWrite()
	if _, err := there.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	write(t, there, "still here")
	b.Close()
	b.CloseWrite() // does nothing
}

func TestAnAttachedConnectionCanWait(t *testing.T) {
	b, there := barePair(t)
	conn, err := b.Attach()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	var ne net.Error
	if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("%v", err)
	}
	conn.Close()
	if _, err := b.TryWrite([]byte("x")); err != nil { // as before
		t.Error(err)
	}
	if _, err := io.ReadFull(there, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func TestAWatcherIsToldOnceOfWhatArrivesAndOfWhatHasArrived(t *testing.T) {
	l := newLoop(t)
	b, there := barePair(t)
	s := newSleeper()
	write(t, there, "early")
	if !l.Add(b, s) {
		t.Fatal("not added")
	}
	s.wakes(t)
	if got := read(t, b); got != "early" {
		t.Errorf("%q", got)
	}
	for range 3 {
		write(t, there, "hello")
		s.wakes(t)
		if got := read(t, b); got != "hello" {
			t.Errorf("%q", got)
		}
	}
	if n := s.woken.Load(); n != 4 || s.over.Load() {
		t.Errorf("woken %d times for 4 writes, over %v", n, s.over.Load())
	}
}

func TestManyConnectionsAreWatchedEachForItself(t *testing.T) {
	l := newLoop(t)
	const n = 300
	var sleepers [n]*sleeper
	var others [n]net.Conn
	for i := range n {
		b, there := barePair(t)
		sleepers[i], others[i] = newSleeper(), there
		if !l.Add(b, sleepers[i]) {
			t.Fatal("not added")
		}
	}
	for i := 0; i < n; i += 2 {
		write(t, others[i], "x")
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

func TestAWatcherThatKeepsTheLoopKeepsNobodyElse(t *testing.T) {
	l := newLoop(t)
	const stuck = 3
	free, freeThere := barePair(t)
	quick := newSleeper()
	l.Add(free, quick)
	let := make(chan struct{})
	var slow [stuck]*sleeper
	for i := range slow {
		b, there := barePair(t)
		slow[i] = newSleeper()
		slow[i].hold = let
		l.Add(b, slow[i])
		write(t, there, "x")
	}
	for _, s := range slow { // each is told, though none lets go
		s.wakes(t)
	}
	for range 10 {
		write(t, freeThere, "x")
		quick.wakes(t)
		read(t, free)
	}
	close(let)
	for range 10 {
		write(t, freeThere, "x")
		quick.wakes(t)
		read(t, free)
	}
}

func TestALoopTellsThatItWasKeptLately(t *testing.T) {
	l := newLoop(t)
	becomes := func(kept bool) {
		t.Helper()
		deadline := time.Now().Add(20 * time.Second)
		for l.Kept() != kept {
			if time.Now().After(deadline) {
				t.Fatalf("not kept = %v", kept)
			}
			time.Sleep(time.Millisecond)
		}
	}
	becomes(false)
	b, there := barePair(t)
	s := newSleeper()
	s.hold = make(chan struct{})
	l.Add(b, s)
	write(t, there, "x")
	becomes(true)
	close(s.hold)
	becomes(false)
}

// batches counts.
type batches struct{ begun, ended atomic.Int32 }

func (b *batches) Begin() { b.begun.Add(1) }
func (b *batches) End()   { b.ended.Add(1) }

func TestSeveralEventsInARowAreABatchWhichEndsEvenIfAWatcherKeepsTheLoop(t *testing.T) {
	around := new(batches)
	l := netio.NewLoop(around)
	t.Cleanup(l.Close)
	one, oneThere := barePair(t)
	alone := newSleeper()
	l.Add(one, alone)
	write(t, oneThere, "x")
	alone.wakes(t)
	if n := around.begun.Load(); n != 0 {
		t.Errorf("%d batches of one", n)
	}
	deadline := time.Now().Add(20 * time.Second)
	for around.begun.Load() == 0 { // until several are kept waiting by the first of them
		if time.Now().After(deadline) {
			t.Fatal("no batch")
		}
		let := make(chan struct{})
		var slow [8]*sleeper
		for i := range slow {
			b, there := barePair(t)
			slow[i] = newSleeper()
			slow[i].hold = let
			write(t, there, "x")
			l.Add(b, slow[i])
		}
		for _, s := range slow {
			s.wakes(t)
		}
		close(let)
	}
	for around.begun.Load() != around.ended.Load() {
		if time.Now().After(deadline) {
			t.Fatalf("%d batches begun, %d ended", around.begun.Load(), around.ended.Load())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestALoopTakesNobodyWhoIsClosedOrOnceItIsClosed(t *testing.T) {
	l := netio.NewLoop(nil)
	b, _ := barePair(t)
	b.Close()
	if l.Add(b, newSleeper()) {
		t.Error("took a closed connection")
	}
	l.Close()
	l.Close()
	open, _ := barePair(t)
	if l.Add(open, newSleeper()) {
		t.Error("a closed loop took a connection")
	}
	var none *netio.Loop
	none.Close()
	none.Remove(open, nil)
	if none.Add(open, newSleeper()) {
		t.Error("no loop took a connection")
	}
}

func TestOneWhoIsRemovedIsNotTold(t *testing.T) {
	l := newLoop(t)
	b, there := barePair(t)
	other, otherEnd := barePair(t)
	s, last := newSleeper(), newSleeper()
	l.Add(b, s)
	l.Remove(b, s)
	write(t, there, "x")
	l.Add(other, last)
	write(t, otherEnd, "x")
	last.wakes(t)
	if n := s.woken.Load(); n != 0 {
		t.Errorf("woken %d times", n)
	}
}

// alarm is a watcher that does something.
type alarm struct{ do func() }

func (a *alarm) Wake(bool) { a.do() }

func TestANewConnectionIsNotToldWhatCameForOneThatHadItsDescriptor(t *testing.T) {
	l := newLoop(t)
	keeper, keeperThere := barePair(t)
	first, firstThere := barePair(t)
	former, formerThere := barePair(t)
	here, _ := pair(t)

	var told atomic.Int32
	innocent := &alarm{func() { told.Add(1) }}
	gone := newSleeper()
	kept, let, swapped := make(chan struct{}), make(chan struct{}), make(chan struct{})
	l.Add(keeper, &alarm{func() { close(kept); <-let }})
	l.Add(former, gone)
	l.Add(first, &alarm{func() { // the next event is the end of former
		l.Remove(former, gone)
		former.Close()
		for range 32 { // one of them gets its descriptor
			b := new(netio.Bare)
			if !b.Take(here) || !l.Add(b, innocent) {
				t.Error("not taken")
			}
			t.Cleanup(b.Close)
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
	last, lastThere := barePair(t)
	s := newSleeper()
	l.Add(last, s)
	write(t, lastThere, "x")
	s.wakes(t)
	if n := told.Load(); n != 0 {
		t.Errorf("told %d times, though nothing has arrived", n)
	}
}

func TestADescriptorIsClosedOnceWhoeverIsUsingIt(t *testing.T) {
	for range 200 {
		here, there := pair(t)
		var b netio.Bare
		if !b.Take(here) {
			t.Fatal("not taken")
		}
		here.Close()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for {
					if _, err := b.TryWrite([]byte("x")); err != nil {
						return
					}
				}
			})
		}
		all.Go(b.Close)
		all.Go(b.Close)
		all.Wait()
		if _, err := io.Copy(io.Discard, there); err != nil { // the end, at once: no descriptor is left
			t.Error(err)
		}
		there.Close()
	}
}

func TestABareConnectionDoesNotAllocate(t *testing.T) {
	b, there := barePair(t)
	msg, p := []byte("ping"), make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := b.TryWrite(msg); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(there, p[:len(msg)]); err != nil {
			t.Error(err)
		}
		if _, err := b.TryRead(p); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
