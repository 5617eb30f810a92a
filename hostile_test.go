package parley_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// hostile is a connection that does what no client does. The node ends it.
type hostile struct {
	name    string
	web     bool
	writes  func(h *hostileConn)
	goodbye wire.Goodbye // the last frame; 0: none is wanted
}

// hostileConn is its side of it.
type hostileConn struct {
	net.Conn

	server *parley.Server
	user   string
	ended  chan struct{} // closed when the node has ended the connection
}

// slowly writes a byte at a time until the connection has ended.
func (h *hostileConn) slowly(p []byte) {
	for i := range p {
		if _, err := h.Write(p[i : i+1]); err != nil {
			return
		}
		select {
		case <-h.ended:
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// endlessly writes the same bytes until the connection has ended.
func (h *hostileConn) endlessly(p []byte) {
	p = bytes.Repeat(p, 1000)
	for {
		if _, err := h.Write(p); err != nil {
			return
		}
	}
}

func (h *hostileConn) frames(all ...wire.Frame) {
	var b []byte
	for _, f := range all {
		b = wire.AppendFrame(b, f)
	}
	_, _ = h.Write(b)
}

func (h *hostileConn) hello() wire.Frame {
	token, _ := h.server.Token(h.user)

	return wire.Frame{Kind: wire.KindHello, Payload: wire.Hello{Token: token}.Append(nil)}
}

// webSocketFrame is a frame of a client whose mask is zero.
func webSocketFrame(first byte, payload []byte) []byte {
	const mask, long = 0x80, 126
	head := []byte{first, mask | byte(len(payload))}
	if len(payload) >= long {
		head = binary.BigEndian.AppendUint16([]byte{first, mask | long}, uint16(len(payload)))
	}

	return append(append(head, 0, 0, 0, 0), payload...)
}

const (
	upgradeRequest = "GET /ws HTTP/1.1\r\nHost: node\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
	binaryFirst, continuation, pingFrame = 0x02, 0x00, 0x89 // the first two have more to come
)

var hostiles = []hostile{
	{name: "nothing", writes: func(*hostileConn) {}},
	{name: "a hello byte by byte", writes: func(h *hostileConn) {
		h.slowly(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindHello, Payload: make([]byte, 4000)}))
	}},
	{name: "a length of 4 GB", writes: func(h *hostileConn) { h.endlessly([]byte{0xff, 0xff, 0xff, 0xff}) }},
	{name: "a length of nothing", writes: func(h *hostileConn) { _, _ = h.Write(make([]byte, 4)) }, goodbye: wire.GoodbyeProtocol},
	{name: "a length of 4 GB behind the hello", writes: func(h *hostileConn) {
		h.frames(h.hello())
		_, _ = h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}, goodbye: wire.GoodbyeProtocol},
	{name: "a request first", writes: func(h *hostileConn) {
		h.frames(wire.Frame{Kind: wire.KindRequest, Ver: 1, Cmd: 701, ID: 1}, h.hello())
	}, goodbye: wire.GoodbyeProtocol},
	{name: "a pong first", writes: func(h *hostileConn) {
		h.frames(wire.Frame{Kind: wire.KindPong}, h.hello())
	}, goodbye: wire.GoodbyeProtocol},
	{name: "two hellos at once", writes: func(h *hostileConn) { h.frames(h.hello(), h.hello()) }, goodbye: wire.GoodbyeProtocol},
	{name: "a welcome behind the hello", writes: func(h *hostileConn) {
		h.frames(h.hello(), wire.Frame{Kind: wire.KindWelcome, Payload: wire.Welcome{}.Append(nil)})
	}, goodbye: wire.GoodbyeProtocol},
	{name: "a goodbye and a request behind it", writes: func(h *hostileConn) {
		h.frames(h.hello(), wire.Frame{Kind: wire.KindGoodbye}, wire.Frame{Kind: wire.KindRequest, Ver: 9, Cmd: 9, ID: 1})
	}},
	{name: "half a frame and nothing more", writes: func(h *hostileConn) {
		h.frames(h.hello())
		_, _ = h.Write(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindRequest, Payload: make([]byte, 100)})[:50])
	}, goodbye: wire.GoodbyeHeartbeat},
	{name: "HTTP: nothing", web: true, writes: func(*hostileConn) {}},
	{name: "HTTP: a head byte by byte", web: true, writes: func(h *hostileConn) {
		h.slowly([]byte("GET /healthz HTTP/1.1\r\nHost: node\r\nX: " + strings.Repeat("x", 1000)))
	}},
	{name: "HTTP: a head without end", web: true, writes: func(h *hostileConn) {
		_, _ = io.WriteString(h, "GET /healthz HTTP/1.1\r\nHost: node\r\n")
		h.endlessly([]byte("X: y\r\n"))
	}},
	{name: "HTTP: a body that never comes", web: true, writes: func(h *hostileConn) {
		_, _ = io.WriteString(h, "POST /healthz HTTP/1.1\r\nHost: node\r\nContent-Length: 10\r\n\r\n")
	}},
	{name: "WebSocket: an upgrade and nothing more", web: true, writes: func(h *hostileConn) { _, _ = io.WriteString(h, upgradeRequest) }},
	{name: "WebSocket: empty fragments instead of a hello", web: true, writes: func(h *hostileConn) {
		_, _ = h.Write(append([]byte(upgradeRequest), webSocketFrame(binaryFirst, nil)...))
		h.endlessly(webSocketFrame(continuation, nil))
	}},
	{name: "WebSocket: pings instead of a hello", web: true, writes: func(h *hostileConn) {
		_, _ = io.WriteString(h, upgradeRequest)
		h.endlessly(webSocketFrame(pingFrame, []byte("x")))
	}},
	{name: "WebSocket: a hello in fragments of one byte, slowly", web: true, writes: func(h *hostileConn) {
		_, _ = h.Write(append([]byte(upgradeRequest), webSocketFrame(binaryFirst, []byte{byte(wire.KindHello)})...))
		for range 100 {
			h.slowly(webSocketFrame(continuation, []byte{0}))
		}
	}},
	{name: "WebSocket: fragments that are too long together", web: true, writes: func(h *hostileConn) {
		_, _ = h.Write(append([]byte(upgradeRequest), webSocketFrame(0x82, wire.AppendBody(nil, h.hello()))...))
		_, _ = h.Write(webSocketFrame(binaryFirst, make([]byte, 60_000)))
		_, _ = h.Write(webSocketFrame(continuation, make([]byte, 60_000)))
	}, goodbye: wire.GoodbyeProtocol},
}

// attack connects, and returns what the node has sent when it ends the connection.
func (a hostile) attack(ctx context.Context, s *parley.Server, number int) (answer []byte, err error) {
	at := s.TCPAddr()
	if a.web {
		at = s.HTTPAddr()
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		return nil, err
	}
	h := &hostileConn{Conn: conn, server: s, user: fmt.Sprint("mallory ", number), ended: make(chan struct{})}
	var writing sync.WaitGroup
	writing.Go(func() { a.writes(h) })
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	answer, err = io.ReadAll(conn)
	close(h.ended)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("the node has not ended it after %s", patience)
	} else {
		err = nil // a reset is an end
	}
	conn.Close()
	writing.Wait()

	return answer, err
}

// goodbyeIn is the code of the goodbye in what a node has sent.
func (a hostile) goodbyeIn(answer []byte) wire.Goodbye {
	if a.web { // the goodbye's body is in one frame: its kind, ver, cmd
		head := []byte{byte(wire.KindGoodbye), 0}
		if at := bytes.LastIndex(answer, head); at >= 0 && at+4 <= len(answer) {
			return wire.Goodbye(binary.BigEndian.Uint16(answer[at+2:]))
		}

		return 0
	}
	for r := wire.NewReader(bytes.NewReader(answer), 1<<20); ; {
		if f, err := r.Next(); err != nil {
			return 0
		} else if f.Kind == wire.KindGoodbye {
			return wire.Goodbye(f.Cmd)
		}
	}
}

// All at once, several of each: the node ends all of them in bounded time, and honest users who
// send all the while notice nothing.
func TestHostileConnectionsAreEndedAndDisturbNoUser(t *testing.T) {
	const each = 3 // one address may have 100 connections without a login
	c := way{heartbeat: 2 * time.Second}.newCluster(t, 1, nil)
	s := c.nodes[0]
	alice, bob := c.login("alice", 0, false), c.login("bob", 0, true)
	var attacks sync.WaitGroup
	for i, a := range hostiles {
		for n := range each {
			attacks.Go(func() {
				answer, err := a.attack(t.Context(), s, i*each+n)
				if err != nil {
					t.Errorf("%s: %v", a.name, err)
				}
				if got := a.goodbyeIn(answer); a.goodbye != 0 && got != a.goodbye {
					t.Errorf("%s: goodbye %d, want %d; the node has sent %q", a.name, got, a.goodbye, answer[max(0, len(answer)-300):])
				}
			})
		}
	}
	ended := make(chan struct{})
	go func() {
		attacks.Wait()
		close(ended)
	}()
	var sent atomic.Int64
	for over := false; !over; {
		alice.tell("bob", "still here")
		bob.hears("alice: still here")
		sent.Add(1)
		select {
		case <-ended:
			over = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Logf("%d messages meanwhile", sent.Load())
	c.eventually("only the honest users are left", func() bool { return s.Users().Count() == 2 })
}

// Devices of one user that log each other out leave one session, which works. No login is given up
// half-way: a node might see to it later than to the last one.
func TestDevicesThatLogEachOtherOutLeaveOneSession(t *testing.T) {
	const enough = 60
	c := way{}.newCluster(t, 2, nil)
	starved := watchStarvation(t)
	alice, bob := c.login("alice", 0, false), c.login("bob", 1, false)
	reach := func(to *person, text string) {
		if err := c.whileWhole(func() error { return alice.try(to.id, text) }); err != nil {
			t.Fatalf("to %s: %v", to.id, err)
		}
		to.hears("alice: " + text) // or once more, if it was repeated
	}
	var devices sync.WaitGroup
	var logins atomic.Int64
	stop := make(chan struct{})
	for i := range 20 {
		s := c.nodes[i%2]
		token, err := s.Token("flapper")
		if err != nil {
			t.Fatal(err)
		}
		devices.Go(func() {
			for logins.Load() < enough && t.Context().Err() == nil {
				device, err := client.Dial(t.Context(), "tcp://"+s.TCPAddr(), client.WithToken(token), client.WithoutReconnect())
				if err != nil {
					continue // replaced before its welcome
				}
				if logins.Add(1) == enough {
					close(stop)
				}
				select {
				case <-device.Done():
				case <-stop:
				}
				_ = device.Close()
			}
		})
	}
	for undisturbed := true; undisturbed; {
		reach(bob, "not disturbed")
		select {
		case <-stop:
			undisturbed = false
		default:
		}
	}
	devices.Wait()
	reach(c.login("flapper", 1, true), "the last one")
	t.Logf("%d logins", logins.Load())
	c.wasWholeUnless(starved())
}
