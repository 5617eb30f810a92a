package gateway

import (
	"errors"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// tally is a Done that counts outcomes from any goroutine.
type tally struct{ ok, gone, other atomic.Int64 }

func (d *tally) Pushed(err error) {
	switch {
	case err == nil:
		d.ok.Add(1)
	case errors.Is(err, sessions.ErrClosed):
		d.gone.Add(1)
	default:
		d.other.Add(1)
	}
}

func (d *tally) all() int64 { return d.ok.Load() + d.gone.Load() + d.other.Load() }

// stall pushes to a client that does not read until its queue is full, and stays so: what the
// operating system still takes, it has taken. It returns how many pushes were taken.
func stall(tb testing.TB, u *user.User, d *tally) (pushed int64) {
	tb.Helper()
	const looks = 20
	message := make([]byte, 1000)
	for full := 0; full < looks; {
		err := sessions.Of(u).Push(2, 2, message, true, d)
		switch {
		case err == nil:
			pushed++
			full = 0
		case errors.Is(err, sessions.ErrClosed):
			return pushed
		case errors.Is(err, sessions.ErrBusy):
			full++
			time.Sleep(time.Millisecond)
		default:
			tb.Fatal(err)
		}
	}

	return pushed
}

func TestAStalledClientFillsOnlyItsOwnQueueAndIsClosed(t *testing.T) {
	overBoth(t, Config{QueueBytes: 300_000, Heartbeat: time.Second}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c, other := dial(t), dial(t)
		c.login("stalled")
		other.login("other")
		u := n.user(t, "stalled")
		var d tally
		pushed := stall(t, u, &d)
		if queued := pushed - d.ok.Load(); queued > 300 || d.gone.Load() > 0 {
			t.Errorf("%d frames queued, %d failed", queued, d.gone.Load())
		}
		if bytes := n.gw.Queued(); bytes < 200_000 || bytes > 300_000 {
			t.Errorf("%d bytes are said to be queued", bytes)
		}
		var busy int64
		alive := make(chan struct{})
		go func() { // the stalled client sends heartbeats: it is not silent, it only does not read
			for {
				select {
				case <-alive:
					return
				case <-time.After(300 * time.Millisecond):
					_ = c.io.send(wire.AppendBody(nil, wire.Frame{Kind: wire.KindPing}))
				}
			}
		}()
		for !u.Closed() {
			other.wantAlive()
			if err := sessions.Of(u).Push(2, 2, make([]byte, 1000), true, &d); err == nil {
				pushed++
			} else if errors.Is(err, sessions.ErrBusy) {
				busy++
			}
		}
		close(alive)
		if busy == 0 {
			t.Error("no push was refused")
		}
		n.wantLeft(t, "stalled", user.Left)
		testkit.Eventually(t, "all pushes have outcomes", func() bool { return d.all() == pushed })
		if d.gone.Load() == 0 || d.other.Load() != 0 {
			t.Errorf("%d delivered, %d gone, %d other", d.ok.Load(), d.gone.Load(), d.other.Load())
		}
		if err := sessions.Of(u).Push(2, 2, nil, true, &d); !errors.Is(err, sessions.ErrClosed) {
			t.Errorf("a push after the end: %v", err)
		}
		if s := n.gw.Stats(); s.Ended[CauseSlow] != 1 || s.Stalls == 0 || s.Busy == 0 {
			t.Errorf("%+v", s)
		}
		other.wantAlive()
	})
}

func TestASlowClientGetsItsGoodbyeWhenItReadsAgain(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	u := n.user(t, "alice")
	var d tally
	pushed := stall(t, u, &d)
	sessions.Of(u).Close(1003, "too slow")
	got := int64(0)
	for {
		f := c.next()
		if f.Kind == wire.KindGoodbye {
			if f.Cmd != 1003 {
				t.Fatalf("%d", f.Cmd)
			}
			c.wantEnd()

			break
		}
		got++
	}
	testkit.Eventually(t, "all pushes have outcomes", func() bool { return d.all() == pushed })
	if got != d.ok.Load() || d.gone.Load() == 0 {
		t.Fatalf("%d frames came, %d were reported as delivered, %d gone", got, d.ok.Load(), d.gone.Load())
	}
}

func TestACloseOfAStalledClientEndsInBoundedTime(t *testing.T) {
	n := start(t, Config{Heartbeat: time.Hour})
	c := n.dialTCP(t)
	c.login("alice")
	u := n.user(t, "alice")
	var d tally
	pushed := stall(t, u, &d)
	begin := time.Now()
	sessions.Of(u).Close(2002, "newer login")
	n.wantLeft(t, "alice", user.Replaced)
	if took := time.Since(begin); took > lingerTimeout/2 {
		t.Errorf("Leave came after %v", took)
	}
	testkit.Eventually(t, "all pushes have outcomes", func() bool { return d.all() == pushed })
	if took := time.Since(begin); took > 3*lingerTimeout {
		t.Errorf("the end took %v", took)
	}
	if d.gone.Load() == 0 {
		t.Error("everything was delivered to a client that read nothing")
	}
}

func TestASlowReaderGetsEverythingInOrder(t *testing.T) {
	overBoth(t, Config{QueueBytes: 200_000}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		u := n.user(t, "alice")
		const count = 20_000
		var d tally
		var pushing sync.WaitGroup
		pushing.Go(func() {
			for i := range count {
				message := []byte(number(i) + strings.Repeat(" ", i%700))
				for errors.Is(sessions.Of(u).Push(2, 2, message, true, &d), sessions.ErrBusy) {
					runtime.Gosched()
				}
			}
		})
		for i := range count {
			if f := c.next(); strings.TrimRight(string(f.Payload), " ") != number(i) {
				t.Fatalf("message %d is %.10q", i, f.Payload)
			}
		}
		pushing.Wait()
		testkit.Eventually(t, "all pushes are written", func() bool { return d.ok.Load() == count })
		sessions.Of(u).Close(2005, "") // lets the last drain end
		n.wantLeft(t, "alice", user.Removed)
	})
}

func TestManyPushersKeepEachOnesOrder(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	u := n.user(t, "alice")
	const pushers, each = 8, 2000
	var d tally
	var pushing sync.WaitGroup
	for p := range pushers {
		pushing.Go(func() {
			for i := range each {
				for errors.Is(sessions.Of(u).Push(2, uint16(p), []byte(number(i)), true, &d), sessions.ErrBusy) {
					runtime.Gosched()
				}
			}
		})
	}
	var next [pushers]int
	for range pushers * each {
		f := c.next()
		if string(f.Payload) != number(next[f.Cmd]) {
			t.Fatalf("pusher %d: %q, want %d", f.Cmd, f.Payload, next[f.Cmd])
		}
		next[f.Cmd]++
	}
	pushing.Wait()
	testkit.Eventually(t, "all pushes are written", func() bool { return d.ok.Load() == pushers*each })
}

// again is a Done that pushes once more when it is called.
type again struct {
	u    *user.User
	left atomic.Int64
}

func (d *again) Pushed(err error) {
	if err == nil && d.left.Add(-1) > 0 {
		_ = sessions.Of(d.u).Push(2, 2, []byte("again"), true, d)
	}
}

func TestADoneMayPushAgain(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		const count = 10_000
		d := &again{u: n.user(t, "alice")}
		d.left.Store(count)
		if err := sessions.Of(d.u).Push(2, 2, []byte("again"), true, d); err != nil {
			t.Fatal(err)
		}
		for range count {
			c.next()
		}
	})
}

func TestAClientThatDoesNotReadItsResponsesIsNotReadFrom(t *testing.T) {
	n := start(t, Config{QueueBytes: 200_000})
	c := n.dialTCP(t)
	c.login("alice")
	conn := c.io.(*tcpBodies).conn.(*net.TCPConn)
	data := strings.Repeat("r", 10_000)
	const count = 3000 // 30 MB: more than all buffers of the system
	var sending sync.WaitGroup
	sending.Go(func() {
		for i := range count {
			if _, err := conn.Write(wire.AppendFrame(nil, request(uint32(i+1), 1, data))); err != nil {
				t.Error(err)

				return
			}
		}
	})
	testkit.Eventually(t, "a client is not read from", func() bool { return n.gw.Stats().Pauses > 0 })
	for i := range count { // and when it reads at last, nothing is missing
		c.wantEcho(uint32(i+1), data)
	}
	sending.Wait()
	c.wantAlive()
}
