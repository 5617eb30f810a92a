package gateway

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/wire"
)

// footprint is the memory of the process.
type footprint struct{ heap, stack, rss int64 }

func measure(t *testing.T) footprint {
	t.Helper()
	for range 4 { // stacks shrink by half at each
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}

	return footprint{int64(m.HeapAlloc), int64(m.StackInuse), pages * int64(os.Getpagesize())}
}

// socket is a connection without anything of Go's runtime: the client side of the measurement costs
// nothing.
type socket int

func dialSocket(t *testing.T, addr string) socket {
	t.Helper()
	a := netip.MustParseAddrPort(addr)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}); err != nil {
		t.Fatal(err)
	}

	return socket(fd)
}

func (s socket) write(t *testing.T, p []byte) {
	t.Helper()
	if _, err := syscall.Write(int(s), p); err != nil {
		t.Fatal(err)
	}
}

// readUntil reads until what it has read contains the text.
func (s socket) readUntil(t *testing.T, text string) {
	t.Helper()
	var got []byte
	p := make([]byte, 4096)
	for !strings.Contains(string(got), text) {
		n, err := syscall.Read(int(s), p)
		if n <= 0 || err != nil {
			t.Fatalf("after %q: %d, %v", got, n, err)
		}
		got = append(got, p[:n]...)
	}
}

// loginSocket logs a user in, and has it send a request and a ping, so that its goroutine has done
// work.
func loginSocket(t *testing.T, n *node, s socket, overWS bool, id string) {
	t.Helper()
	encode := func(f wire.Frame) []byte {
		if overWS {
			return maskWS(opBinary, true, wire.AppendBody(nil, f))
		}

		return wire.AppendFrame(nil, f)
	}
	if overWS {
		host := strings.TrimSuffix(strings.TrimPrefix(n.ws, "ws://"), "/ws")
		s.write(t, fmt.Appendf(nil, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", host))
		s.readUntil(t, "\r\n\r\n")
	}
	s.write(t, encode(helloFrame(id)))
	s.readUntil(t, `"max_message"`)
	s.write(t, encode(request(1, 1, "request of "+id)))
	s.readUntil(t, "request of "+id)
	s.write(t, encode(wire.Frame{Kind: wire.KindPing, ID: 0x41424344}))
	s.readUntil(t, "ABCD")
}

func TestAnIdleConnectionHoldsLittleMemory(t *testing.T) {
	if testing.Short() || testkit.Race {
		t.Skip("a measurement: not with -race, not with -short")
	}
	const connections = 2000
	for _, row := range []struct {
		name   string
		overWS bool
		most   int64 // bytes of heap and stack
	}{{"TCP", false, 2000}, {"WebSocket", true, 2000}} {
		t.Run(row.name, func(t *testing.T) {
			n := start(t, Config{})
			address := n.tcp
			if row.overWS {
				address = strings.TrimSuffix(strings.TrimPrefix(n.ws, "ws://"), "/ws")
			}
			warm := dialSocket(t, address)
			loginSocket(t, n, warm, row.overWS, "first")
			sockets := make([]socket, connections, connections+1)
			before := measure(t)
			for i := range sockets {
				sockets[i] = dialSocket(t, address)
				loginSocket(t, n, sockets[i], row.overWS, "user number "+strconv.Itoa(i))
			}
			after := measure(t)
			heap, stack := (after.heap-before.heap)/connections, (after.stack-before.stack)/connections
			t.Logf("an idle %s connection: %d B heap + %d B stack, resident %d B", row.name, heap, stack, (after.rss-before.rss)/connections)
			for _, s := range append(sockets, warm) {
				_ = syscall.Close(int(s))
			}
			if heap+stack > row.most {
				t.Errorf("%d bytes, at most %d are due", heap+stack, row.most)
			}
		})
	}
}
