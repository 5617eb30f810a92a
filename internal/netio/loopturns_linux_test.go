package netio

import (
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

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
	l := startLoop(t)
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
	l := startLoop(t)
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
	l := startLoop(t)
	here, there := pair(t)
	c := use(t, here)
	b := &late{c, make(chan struct{}), make(chan struct{})}
	if !c.Watch(l, b) {
		t.Fatal("not watched")
	}
	write(t, there, "x")
	testkit.Eventually(t, "another goroutine has taken the loop over", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()

		return l.generation > 0
	})
	close(b.let)
	select {
	case <-b.taken:
	case <-time.After(20 * time.Second):
		t.Fatal("no turn")
	}
}
