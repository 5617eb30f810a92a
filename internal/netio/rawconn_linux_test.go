package netio

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestARawConnReadsAndWritesWithoutWaiting(t *testing.T) {
	r, there := rawPair(t)
	if got := read(t, r); got != "" {
		t.Errorf("%q without a write", got)
	}
	if n, err := r.tryWrite([]byte("hello")); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(there, got); err != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	big := make([]byte, 1<<20)
	for full := false; !full; { // until nothing more fits
		n, err := r.tryWrite(big)
		if err != nil {
			t.Fatal(err)
		}
		full = n == 0
	}
	there.Close()
	for { // the end, or that it was reset with bytes on their way
		if n, err := r.tryRead(big); err != nil {
			break
		} else if n > 0 {
			t.Errorf("%d bytes", n)
		}
	}
	r.close()
	r.close()
	if _, err := r.tryRead(big); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading when closed: %v", err)
	}
	if _, err := r.tryWrite(big); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing when closed: %v", err)
	}
	if _, err := r.netConn(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("attached when closed: %v", err)
	}
}

func TestTheEndOfARawConnIsEOF(t *testing.T) {
	r, there := rawPair(t)
	l, s := startLoop(t), newReadCounter()
	if !l.add(r, s) {
		t.Fatal("not added")
	}
	write(t, there, "bye")
	there.Close()
	for !s.hangup.Load() {
		s.waitForCall(t)
	}
	if got := read(t, r); got != "bye" {
		t.Errorf("%q", got)
	}
	if _, err := r.tryRead(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

func TestThePeerSeesCloseWriteAndCloseOfARawConn(t *testing.T) {
	r, there := rawPair(t)
	r.closeWrite()
	if _, err := there.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	write(t, there, "still here")
	r.close()
	r.closeWrite() // does nothing
}

func TestTheNetConnOfARawConnCanWait(t *testing.T) {
	r, there := rawPair(t)
	conn, err := r.netConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	var ne net.Error
	if _, err := conn.Read(make([]byte, 1)); !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("%v", err)
	}
	conn.Close()
	if _, err := r.tryWrite([]byte("x")); err != nil { // as before
		t.Error(err)
	}
	if _, err := io.ReadFull(there, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// handlerFunc is a handler that calls a function.
type handlerFunc struct{ do func() }

func (a *handlerFunc) OnReadable(bool) { a.do() }
func (a *handlerFunc) OnTurn()         { a.do() }

// waitForInput waits until something has arrived on a connection.
func waitForInput(t *testing.T, r *rawConn) {
	t.Helper()
	testkit.Eventually(t, "input", func() bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}, 0)

		return n == 1 && err == nil
	})
}

func TestAReusedDescriptorGetsNoEventsOfItsPredecessor(t *testing.T) {
	l := startLoop(t)
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
			r := new(rawConn)
			if !r.holdDuplicate(here) || !l.add(r, innocent) {
				t.Error("not taken")
			}
			t.Cleanup(r.close)
		}
		close(swapped)
	}})
	write(t, keeperThere, "x")
	<-kept
	write(t, firstThere, "x")
	formerThere.Close()
	waitForInput(t, first)
	waitForInput(t, former)
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
		var r rawConn
		if !r.holdDuplicate(here) {
			t.Fatal("not taken")
		}
		here.Close()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for {
					if _, err := r.tryWrite([]byte("x")); err != nil {
						return
					}
				}
			})
		}
		all.Go(r.close)
		all.Go(r.close)
		all.Wait()
		if _, err := io.Copy(io.Discard, there); err != nil { // the end, at once: no descriptor is left
			t.Error(err)
		}
		there.Close()
	}
}

func TestARawConnDoesNotAllocate(t *testing.T) {
	r, there := rawPair(t)
	msg, p := []byte("ping"), make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := r.tryWrite(msg); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(there, p[:len(msg)]); err != nil {
			t.Error(err)
		}
		if _, err := r.tryRead(p); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
