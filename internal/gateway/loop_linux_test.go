package gateway

import (
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// idleWatched waits until the only session is watched and its reader is idle.
func (n *node) idleWatched(tb testing.TB) *session {
	tb.Helper()
	all := n.gw.wheel.all()
	if len(all) != 1 {
		tb.Fatalf("%d sessions", len(all))
	}
	testkit.Eventually(tb, "the reader is idle", func() bool { return all[0].conn.Watched() && all[0].turn.Ended() })

	return all[0]
}

func TestAReaderGoesIdleAfterAHangupWithoutAnEnd(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	s := n.idleWatched(t)
	s.OnReadable(true)
	testkit.Eventually(t, "the reader is idle", s.turn.Ended)
	c.wantAlive()
}

func TestTCPUserTimeoutIsThreeHeartbeats(t *testing.T) {
	n := start(t, Config{Heartbeat: 7 * time.Second})
	c := n.dialTCP(t)
	c.login("alice")
	s := n.idleWatched(t)
	got := 0
	for fd := range 1000 { // of this process: the one whose peer is the client
		if peer, err := unix.Getpeername(fd); err == nil && addrOf(peer) == s.Addr() {
			if got, err = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got != 21_000 {
		t.Errorf("TCP_USER_TIMEOUT is %d ms", got)
	}
}

func addrOf(a unix.Sockaddr) string {
	if v4, ok := a.(*unix.SockaddrInet4); ok {
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), uint16(v4.Port)).String()
	}

	return ""
}

// exhaustDescriptors takes all descriptors that the process may have, until they are given back.
func exhaustDescriptors(t *testing.T) (giveBack func()) {
	t.Helper()
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &usual); err != nil {
		t.Fatal(err)
	}
	few := usual
	few.Cur = 64
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	var taken []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		taken = append(taken, f)
	}
	given := false
	giveBack = func() {
		if given {
			return
		}
		given = true
		for _, f := range taken {
			_ = f.Close()
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &usual); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(giveBack)

	return giveBack
}

func TestAStalledClientGetsEverythingWithoutASpareDescriptor(t *testing.T) {
	n := start(t, Config{QueueBytes: 100 << 20, QueueFrames: 100_000})
	c := n.dialTCP(t)
	c.login("alice")
	u := n.user(t, "alice")
	n.idleWatched(t)
	giveBack := exhaustDescriptors(t)
	var d tally
	message := make([]byte, 1000)
	count := int64(0)
	push := func(more int64) {
		for ; more > 0; more-- {
			if err := sessions.Of(u).Push(2, 2, message, true, &d); err != nil {
				t.Fatal(err)
			}
			count++
		}
	}
	for n.gw.Stats().Stalls == 0 {
		push(1)
	}
	push(100)
	for range count {
		c.next()
	}
	testkit.Eventually(t, "all pushes are written", func() bool { return d.ok.Load() == count })
	c.wantAlive()
	sessions.Of(u).Close(2005, "bye")
	c.wantGoodbye(2005)
	c.io.close()
	n.wantLeft(t, "alice", user.Removed)
	testkit.Eventually(t, "no session is left", func() bool { return len(n.gw.wheel.all()) == 0 })
	giveBack()
}

func TestAStalledClientIsClosedWithoutASpareDescriptor(t *testing.T) {
	n := start(t, Config{Heartbeat: time.Second})
	c := n.dialTCP(t)
	c.login("alice")
	u := n.user(t, "alice")
	n.idleWatched(t)
	exhaustDescriptors(t)
	gone := make(chan struct{})
	var pings sync.WaitGroup
	pings.Go(func() { // it is not silent, it only does not read
		for c.io.send(wire.AppendBody(nil, wire.Frame{Kind: wire.KindPing})) == nil {
			select {
			case <-gone:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	var d tally
	pushed := stall(t, u, &d)
	n.wantLeft(t, "alice", user.Left)
	close(gone)
	pings.Wait()
	testkit.Eventually(t, "all pushes have outcomes, and the session is over", func() bool { return d.all() == pushed && len(n.gw.wheel.all()) == 0 })
	if d.other.Load() != 0 || d.gone.Load() == 0 {
		t.Errorf("%d delivered, %d gone, %d other", d.ok.Load(), d.gone.Load(), d.other.Load())
	}
}
