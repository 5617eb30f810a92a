package gateway

import (
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/wire"
)

// doneCounter is a Done that counts its outcomes.
type doneCounter struct{ ok, gone int }

func (d *doneCounter) Pushed(err error) {
	if err == nil {
		d.ok++
	} else {
		d.gone++
	}
}

// relay is a node whose command 1.1 is answered, and whose command 1.2 is pushed to bob.
func relay(tb testing.TB) *node {
	tb.Helper()
	n := newNode(tb, Config{Running: func() bool { return true }})
	n.router.Builtin(1, 1, func(req command.Request) { req.Answer(wire.StatusOK, req.Payload) })
	d := &doneCounter{}
	n.router.Builtin(1, 2, func(req command.Request) {
		if bob := n.users.ByUID("bob"); bob != nil {
			if err := sessions.Of(bob).Push(1, 2, req.Payload, true, d); err != nil {
				tb.Error(err)
			}
		}
	})

	return n.listen(tb)
}

func loggedIn(tb testing.TB, n *node, id string) net.Conn {
	tb.Helper()
	c := n.dialTCP(tb)
	c.login(id)

	return c.io.(*tcpBodies).conn
}

// roundTrip writes to one connection and reads as much as is due from the other.
func roundTrip(tb testing.TB, from, to net.Conn, out, in []byte) func() {
	tb.Helper()

	return func() {
		if _, err := from.Write(out); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.ReadFull(to, in); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestAFrameInAndAFrameOutAllocateNothing(t *testing.T) {
	if testkit.Race {
		t.Skip("-race allocates")
	}
	n := relay(t)
	alice, bob := loggedIn(t, n, "alice"), loggedIn(t, n, "bob")
	payload := []byte(strings.Repeat("x", 64))
	ask := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindRequest, Ver: 1, Cmd: 1, ID: 1, Payload: payload})
	tell := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindRequest, Ver: 1, Cmd: 2, Payload: payload})
	ping := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing, ID: 1})
	many := []byte(strings.Repeat(string(tell), 50))
	for _, c := range []struct {
		name string
		trip func()
		most float64
	}{
		{"request and response", roundTrip(t, alice, alice, ask, make([]byte, len(ask)+1)), 0},
		{"request and push", roundTrip(t, alice, bob, tell, make([]byte, len(tell))), 0},
		{"50 requests in a read", roundTrip(t, alice, bob, many, make([]byte, len(many))), 0},
		// A client with nothing but heartbeats has no goroutine: each of them makes one, and parks
		// the connection again.
		{"ping and pong", roundTrip(t, alice, alice, ping, make([]byte, len(ping))), 3},
	} {
		for range 200 { // the pools fill
			c.trip()
		}
		if got := testing.AllocsPerRun(2000, c.trip); got > c.most {
			t.Errorf("%s: %v allocations", c.name, got)
		}
	}
}

func TestAFrameOverWebSocketAllocatesNothing(t *testing.T) {
	if testkit.Race {
		t.Skip("-race allocates")
	}
	n := relay(t)
	alice := n.dialRawWS(t)
	body := wire.AppendBody(nil, helloFrame("alice"))
	if _, err := alice.Write(maskWS(opBinary, true, body)); err != nil {
		t.Fatal(err)
	}
	readWS(t, alice)
	request := wire.AppendBody(nil, wire.Frame{Kind: wire.KindRequest, Ver: 1, Cmd: 1, ID: 1, Payload: []byte("x")})
	trip := roundTrip(t, alice, alice, maskWS(opBinary, true, request), make([]byte, 2+len(request)+1))
	for range 200 {
		trip()
	}
	if got := testing.AllocsPerRun(2000, trip); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkARequestAndItsResponse(b *testing.B) {
	n := relay(b)
	alice := loggedIn(b, n, "alice")
	ask := wire.AppendFrame(nil, wire.Frame{Kind: wire.KindRequest, Ver: 1, Cmd: 1, ID: 1, Payload: make([]byte, 64)})
	trip := roundTrip(b, alice, alice, ask, make([]byte, len(ask)+1))
	b.ReportAllocs()
	for b.Loop() {
		trip()
	}
}

// BenchmarkTheLeastThatARoundTripTakes is a server that does nothing but read and write, for
// comparison.
func BenchmarkTheLeastThatARoundTripTakes(b *testing.B) {
	ln := loopback(b)
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buf := make([]byte, 4096)
		for {
			k, err := conn.Read(buf)
			if err != nil {
				return
			}
			if _, err := conn.Write(buf[:k]); err != nil {
				return
			}
		}
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	frame := make([]byte, 76)
	trip := roundTrip(b, conn, conn, frame, make([]byte, len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		trip()
	}
}

func BenchmarkAPushToAClientThatReads(b *testing.B) {
	n := relay(b)
	bob := loggedIn(b, n, "bob")
	go func() { _, _ = io.Copy(io.Discard, bob) }()
	u := n.user(b, "bob")
	d := &doneCounter{}
	message := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		for errors.Is(sessions.Of(u).Push(2, 2, message, true, d), sessions.ErrBusy) {
			runtime.Gosched()
		}
	}
}
