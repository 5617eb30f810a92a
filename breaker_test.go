package parley_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// breaker is a way to an address that a test can break: by an end of all connections, or by
// silence.
type breaker struct {
	ln net.Listener

	mu     sync.Mutex
	to     func() string         // guarded by mu
	open   map[net.Conn]struct{} // guarded by mu; both ends of all connections
	cutOff bool                  // guarded by mu; new connections are closed
	quiet  chan struct{}         // guarded by mu; nil: bytes pass; else they wait until it is closed

	came    atomic.Int32 // connections
	running sync.WaitGroup
}

// newBreaker makes a way to an address.
func newBreaker(t *testing.T, to string) *breaker {
	t.Helper()

	return newBreakerTo(t, func() string { return to })
}

// newBreakerTo makes a way to an address that is asked for with each connection; "" is nowhere.
func newBreakerTo(t *testing.T, to func() string) *breaker {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{ln: ln, to: to, open: make(map[net.Conn]struct{})}
	b.running.Go(b.accept)
	t.Cleanup(func() {
		_ = ln.Close()
		b.cut()
		b.running.Wait()
	})

	return b
}

func (b *breaker) addr() string { return b.ln.Addr().String() }

func (b *breaker) accept() {
	for {
		near, err := b.ln.Accept()
		if err != nil {
			return
		}
		b.came.Add(1)
		b.running.Go(func() { b.carry(near) })
	}
}

// carry takes one connection to its other end.
func (b *breaker) carry(near net.Conn) {
	defer near.Close()
	b.mu.Lock()
	to := b.to
	b.mu.Unlock()
	far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", to())
	if err != nil {
		return
	}
	defer far.Close()
	b.mu.Lock()
	if b.cutOff {
		b.mu.Unlock()

		return
	}
	b.open[near], b.open[far] = struct{}{}, struct{}{}
	b.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { b.copy(far, near) })
	both.Go(func() { b.copy(near, far) })
	both.Wait()
	b.mu.Lock()
	delete(b.open, near)
	delete(b.open, far)
	b.mu.Unlock()
}

// copy carries one direction, until either end is closed: then it closes both.
func (b *breaker) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		b.mu.Lock()
		quiet := b.quiet
		b.mu.Unlock()
		if quiet != nil {
			<-quiet
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// silence lets nothing pass any more, and ends no connection.
func (b *breaker) silence() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quiet == nil {
		b.quiet = make(chan struct{})
	}
}

// cut ends all connections and lets none come about.
func (b *breaker) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cutOff = true
	b.endLocked()
}

// mend lets all pass again. What was on its way while it was silent does not arrive.
func (b *breaker) mend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cutOff = false
	b.endLocked()
}

// mostInARow is how often a breaker ends connections without that the links have stood in between.
const mostInARow = 2

// flap ends all connections at random moments, about so often, until the test ends: whatever they
// are at, but at most mostInARow times in a row before stand is true. Without that bound a busy
// machine, whose handshakes take longer than that, would never have a link again: then a cluster
// falls apart, and its parts rightly say of each other's users that they are not found.
func (b *breaker) flap(t *testing.T, every time.Duration, stand func() bool) {
	t.Helper()
	stop := make(chan struct{})
	b.running.Go(func() {
		for breaks := 0; ; {
			pause := every/2 + rand.N(every)
			if breaks >= mostInARow {
				pause = time.Millisecond
			}
			select {
			case <-stop:
				return
			case <-time.After(pause):
			}
			switch {
			case stand():
				breaks = 0
			case breaks >= mostInARow:
				continue
			}
			b.mend()
			breaks++
		}
	})
	t.Cleanup(func() { close(stop) })
}

func (b *breaker) endLocked() {
	for c := range b.open {
		_ = c.Close()
	}
	if b.quiet != nil {
		close(b.quiet)
		b.quiet = nil
	}
}

// However long a handshake takes: links that do not stand are given the time to.
func TestABreakerWaitsForLinksToStandAgain(t *testing.T) {
	server, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	b := newBreaker(t, server.Addr().String())
	connect := func() (near, far net.Conn) {
		near, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", b.addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = near.Close() })
		if far, err = server.Accept(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = far.Close() })

		return near, far
	}
	ends := func(c net.Conn) {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("the connection was not ended: %v", err)
		}
	}
	first, _ := connect()
	var stands atomic.Bool
	var asked atomic.Int32
	b.flap(t, time.Millisecond, func() bool { asked.Add(1); return stands.Load() })
	ends(first)
	for tries := asked.Load() + 2*mostInARow; asked.Load() < tries; { // it has ended as many as it may
		time.Sleep(time.Millisecond)
	}
	near, far := connect()
	for tries := asked.Load() + 50; asked.Load() < tries; {
		if _, err := far.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := near.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	stands.Store(true)
	ends(near)
}
