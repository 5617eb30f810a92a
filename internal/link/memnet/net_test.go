package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/link/memnet"
)

const delay = 5 * time.Millisecond

// pair is a connection between two hosts.
type pair struct {
	t            *testing.T
	n            *memnet.Net
	ours, theirs net.Conn
}

// bubble runs f in virtual time, with two hosts and a connection from a to b.
func bubble(t *testing.T, f func(p pair)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New(memnet.Options{Delay: func(string, string) time.Duration { return delay }})
		ln, err := n.Host("b").Listen(t.Context(), "anything:7")
		if err != nil || ln.Addr().String() != "b:7" {
			t.Fatal(ln, err)
		}
		began := n.Clock()
		ours, err := n.Host("a").Dial(t.Context(), "b:7")
		if err != nil || n.Clock()-began != 2*delay {
			t.Fatal(err, n.Clock()-began)
		}
		theirs, err := ln.Accept()
		if err != nil || theirs.RemoteAddr().String() != ours.LocalAddr().String() {
			t.Fatal(err)
		}
		f(pair{t, n, ours, theirs})
		ours.Close()
		theirs.Close()
		ln.Close()
	})
}

// read reads n bytes and says how long that took.
func read(t *testing.T, n *memnet.Net, c net.Conn, want string) time.Duration {
	t.Helper()
	began := n.Clock()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("%q, %v", b, err)
	}

	return n.Clock() - began
}

func TestDataTakesItsTimeAndKeepsItsOrder(t *testing.T) {
	bubble(t, func(p pair) {
		t, n, ours, theirs := p.t, p.n, p.ours, p.theirs
		for _, s := range []string{"one ", "two ", "three"} {
			_, _ = ours.Write([]byte(s))
			time.Sleep(time.Millisecond)
		}
		if took := read(t, n, theirs, "one two three"); took != delay-time.Millisecond {
			t.Error(took)
		}
		_, _ = theirs.Write([]byte("back"))
		theirs.Close()
		read(t, n, ours, "back")
		if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		_ = ours.SetDeadline(time.Now().Add(time.Second))
	})
}

func TestACutDelaysDataAndDialsUntilHealed(t *testing.T) {
	bubble(t, func(p pair) {
		t, n, ours, theirs := p.t, p.n, p.ours, p.theirs
		n.CutOneWay("a", "b")
		_, _ = ours.Write([]byte("late"))
		_, _ = theirs.Write([]byte("through"))
		read(t, n, ours, "through")
		_ = theirs.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := theirs.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		_ = theirs.SetReadDeadline(time.Time{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := n.Host("a").Dial(ctx, "b:7"); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		n.Heal("a", "b")
		if took := read(t, n, theirs, "late"); took != delay {
			t.Error(took)
		}
	})
}

func TestABreakResetsBothEndsAtOnce(t *testing.T) {
	bubble(t, func(p pair) {
		t, n, ours, theirs := p.t, p.n, p.ours, p.theirs
		n.Break("b", "a")
		for _, c := range []net.Conn{ours, theirs} {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
			if _, err := c.Write([]byte("x")); err == nil {
				t.Error("written")
			}
		}
		c, err := n.Host("a").Dial(t.Context(), "b:7")
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
}

func TestACrashResetsConnectionsAndRefusesDials(t *testing.T) {
	bubble(t, func(p pair) {
		t, n, ours, theirs := p.t, p.n, p.ours, p.theirs
		_, _ = theirs.Write([]byte("last"))
		n.Host("b").Crash()
		read(t, n, ours, "last")
		if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Error(err)
		}
		if _, err := n.Host("a").Dial(t.Context(), "b:7"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
		again, err := n.Host("b").Listen(t.Context(), "b:7")
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
	})
}

func TestAFrozenHostTakesDataButItsProcessDoesNotSeeIt(t *testing.T) {
	bubble(t, func(p pair) {
		t, n, ours, theirs := p.t, p.n, p.ours, p.theirs
		b := n.Host("b")
		b.Freeze()
		_, _ = ours.Write([]byte("kept"))
		c, err := n.Host("a").Dial(t.Context(), "b:7") // its system accepts
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, b.Thaw)
		if took := read(t, n, theirs, "kept"); took != time.Second {
			t.Error(took)
		}
		b.Gate()
		c.Close()
	})
}
