package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// relayFrame is a frame of the relays.
func relayFrame(to uint32, payload string) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+len(payload)))

	return append(binary.BigEndian.AppendUint32(frame, to), payload...)
}

// testLoop is a loop relay whose turns a test runs.
type testLoop struct {
	*loopRelay

	t *testing.T
}

func newTestLoop(t *testing.T) *testLoop {
	t.Helper()
	r := newLoopRelay()
	t.Cleanup(r.close)
	if err := r.open(); err != nil {
		t.Fatal(err)
	}

	return &testLoop{r, t}
}

// until runs turns until done, or until patience ends.
func (l *testLoop) until(done func() bool) {
	l.t.Helper()
	events := make([]unix.EpollEvent, loopEvents)
	for end := time.Now().Add(patience); !done(); {
		n, err := unix.EpollWait(l.epoll, events, 1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			l.t.Fatal(err)
		}
		if l.turn(events[:max(n, 0)]) || time.Now().After(end) {
			l.t.Fatal("the loop does not get there")
		}
	}
}

func (l *testLoop) dial() net.Conn {
	l.t.Helper()
	conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.addr.Port})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		l.t.Fatal(err)
	}

	return conn
}

// client connects a user.
func (l *testLoop) client(user uint32) net.Conn {
	l.t.Helper()
	conn := l.dial()
	l.write(conn, relayFrame(user, ""))
	l.until(func() bool { return l.users[user] != nil })
	l.want(conn, relayFrame(user, ""))

	return conn
}

// other connects the other relay.
func (l *testLoop) other() net.Conn {
	l.t.Helper()
	conn := l.dial()
	l.write(conn, relayFrame(relayHello, ""))
	l.until(func() bool { return l.link != nil })

	return conn
}

func (l *testLoop) write(conn net.Conn, data []byte) {
	l.t.Helper()
	if _, err := conn.Write(data); err != nil {
		l.t.Fatal(err)
	}
}

// want runs turns until all of data has arrived.
func (l *testLoop) want(conn net.Conn, data []byte) {
	l.t.Helper()
	got := make([]byte, len(data))
	read := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(conn, got)
		read <- err
	}()
	var err error
	l.until(func() bool {
		select {
		case err = <-read:
			return true
		default:
			return false
		}
	})
	if err != nil || !bytes.Equal(got, data) {
		l.t.Fatalf("read %q, %v; want %q", got[:min(len(got), 100)], err, data[:min(len(data), 100)])
	}
}

func TestALoopRelayForwardsToItsUsersAndTheOtherRelay(t *testing.T) {
	l := newTestLoop(t)
	a, b, other := l.client(1), l.client(2), l.other()
	l.write(a, bytes.Join([][]byte{relayFrame(2, "x"), relayFrame(2, "y"), relayFrame(7, "far"), relayFrame(1, "me")}, nil))
	l.want(b, append(relayFrame(2, "x"), relayFrame(2, "y")...))
	l.want(other, relayFrame(7, "far"))
	l.want(a, relayFrame(1, "me"))
	l.write(other, append(relayFrame(9, "for no user of this relay"), relayFrame(1, "back")...))
	l.want(a, relayFrame(1, "back"))
}

func TestALoopRelayTakesFramesThatArriveByteByByte(t *testing.T) {
	l := newTestLoop(t)
	a, b := l.client(1), l.client(2)
	for i, c := range relayFrame(2, "slow") {
		l.write(a, []byte{c})
		l.until(func() bool {
			c := l.users[1]

			return len(c.rest) == i+1 || i+1 == relayHeader+len("slow") && len(c.rest) == 0
		})
	}
	l.want(b, relayFrame(2, "slow"))
}

func TestALoopRelayKeepsWhatAConnectionDoesNotTake(t *testing.T) {
	l := newTestLoop(t)
	a, b, other := l.client(1), l.client(2), l.other()
	for name, to := range map[string]struct {
		user uint32
		conn net.Conn
		full func() bool
	}{
		"user":  {2, b, func() bool { return l.users[2].blocked }},
		"relay": {7, other, func() bool { return l.link.blocked }},
	} {
		t.Run(name, func(t *testing.T) {
			l := &testLoop{l.loopRelay, t}
			frame, sent := relayFrame(to.user, string(make([]byte, maxSize))), 0
			for !to.full() {
				l.write(a, frame)
				sent++
				l.until(func() bool { return to.full() || len(l.users[1].rest) == 0 && l.drained(1) })
			}
			l.want(to.conn, bytes.Repeat(frame, sent))
			l.until(func() bool { return !to.full() })
		})
	}
}

// drained reports that nothing of a user waits in the kernel.
func (l *testLoop) drained(user uint32) bool {
	waiting, err := unix.IoctlGetInt(l.users[user].fd, unix.SIOCINQ)

	return err == nil && waiting == 0
}

func TestALoopRelayDropsConnectionsThatBreakTheRules(t *testing.T) {
	l := newTestLoop(t)
	for name, bytes := range map[string][]byte{
		"user number": relayFrame(relayUsers, ""),
		"short":       {0, 0, 0, 3, 0, 0, 0, 1},
		"long":        {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1},
		"second link": append(relayFrame(1, ""), relayFrame(relayHello, "")...),
	} {
		t.Run(name, func(t *testing.T) {
			l := &testLoop{l.loopRelay, t}
			conn := l.dial()
			l.write(conn, bytes)
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, conn)
				ended <- err
			}()
			l.until(func() bool { return len(ended) > 0 })
			if err := <-ended; err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the connection ends with %v", err)
			}
		})
	}
	if a := l.client(1); l.users[1] == nil || a == nil {
		t.Error("the relay takes no users any more")
	}
}

func TestALoopRelayForgetsAUserThatHasGone(t *testing.T) {
	l := newTestLoop(t)
	a, other := l.client(1), l.other()
	b := l.client(2)
	a.Close()
	l.until(func() bool { return l.users[1] == nil })
	l.write(b, relayFrame(1, "gone"))
	l.want(other, relayFrame(1, "gone"))
	other.Close()
	l.until(func() bool { return l.link == nil })
	l.write(b, append(relayFrame(1, "nowhere"), relayFrame(2, "me")...))
	l.want(b, relayFrame(2, "me"))
}

func TestALoopRelayForwardsWithoutAllocating(t *testing.T) {
	l := newTestLoop(t)
	_, _, a := l.client(2), l.other(), l.client(1)
	frames := append(relayFrame(2, "near"), relayFrame(7, "far")...)
	const runs = 100 // both fit into the buffers of sockets that are not read
	allocs := testing.AllocsPerRun(runs, func() {
		if rest, err := l.forward(l.users[1], frames); err != nil || len(rest) > 0 {
			t.Error(rest, err)
		}
		l.flush(l.link)
	})
	if a == nil || allocs != 0 {
		t.Errorf("%g allocations for two messages", allocs)
	}
}

func TestALoopRelaySaysWhyItCannotStart(t *testing.T) {
	for join, want := range map[string]string{
		"127.0.0.1:1":  "the other relay: connect: connection refused",
		"localhost:80": "the other relay: ",
		"[::1]:80":     "the other relay: ",
	} {
		wantError(t, ServeLoopRelay(t.Context(), join, func(string, string) {}), want)
	}
}

func TestALoopRelayEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- ServeLoopRelay(ctx, "", func(name, _ string) {
			if name == "ready" {
				cancel()
			}
		})
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
}
