package netio

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

// watched is two ends of a connection, one of them watched by a loop.
func watched(t *testing.T) (*Conn, *readCounter, net.Conn) {
	t.Helper()
	here, there := pair(t)
	c, s := use(t, here), newReadCounter()
	if !c.Watch(startLoop(t), s) || !c.Watched() || !c.NonBlocking() || c.NetConn() != nil {
		t.Fatal("not watched")
	}

	return c, s, there
}

func TestAWatchedConnHoldsNoNetConnUntilACallWaits(t *testing.T) {
	c, s, there := watched(t)
	if c.waiter.Load() != nil {
		t.Error("it holds one from the start")
	}
	write(t, there, "hello")
	s.waitForCall(t)
	p := make([]byte, 64)
	if n, err := c.TryRead(p); string(p[:n]) != "hello" || err != nil {
		t.Errorf("%q, %v", p[:n], err)
	}
	if n, err := c.TryWrite([]byte("hi")); n != 2 || err != nil {
		t.Error(n, err)
	}
	if c.waiter.Load() != nil {
		t.Error("reading and writing without waiting made one")
	}
	if n, err := c.Write([]byte("there"), time.Second); n != 5 || err != nil {
		t.Error(n, err)
	}
	if c.waiter.Load() == nil {
		t.Error("a call that may wait made none")
	}
	c.Detach()
	if c.waiter.Load() != nil || !c.Watched() {
		t.Error("Detach left it")
	}
	if _, err := io.ReadFull(there, p[:7]); err != nil || string(p[:7]) != "hithere" {
		t.Errorf("%q, %v", p[:7], err)
	}
}

func TestAWatchedConnWaitsUntilADeadline(t *testing.T) {
	c, _, there := watched(t)
	in := &testBuffer{}
	if _, err := c.ReadUntil(in, time.Now().Add(10*time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a read that waits in vain: %v", err)
	}
	big := make([]byte, 1<<20)
	for err := error(nil); !errors.Is(err, os.ErrDeadlineExceeded); { // until nothing more fits
		if _, err = c.Write(big, 100*time.Millisecond); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, there) }()
	if n, err := c.Write(big, 0); n == 0 || err != nil {
		t.Error(n, err)
	}
}

func TestClosingAWatchedConnEndsItsCalls(t *testing.T) {
	c, _, there := watched(t)
	ended := make(chan error, 1)
	go func() {
		_, err := c.ReadUntil(&testBuffer{}, time.Now().Add(time.Minute))
		ended <- err
	}()
	testkit.Eventually(t, "the read has begun", func() bool { return c.waiter.Load() != nil })
	c.Close()
	c.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the read ended with %v", err)
	}
	if _, err := there.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the peer sees %v", err)
	}
	if _, err := c.Write([]byte("x"), time.Second); err == nil {
		t.Error("it can be written to")
	}
}
