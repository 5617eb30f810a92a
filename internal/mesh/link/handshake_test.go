package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

func TestAHandshakeThatGoesWrongSaysWhyOnBothSides(t *testing.T) {
	admit := func(l *Link) bool { l.Close(ErrClosed); return true }
	for name, tc := range map[string]struct {
		caller, called Options
		to             Node
		want           error  // at the caller
		logs           string // at the called
	}{
		"wrong secret":    {Options{}, Options{Key: NewKey("another"), Admit: admit}, nodeB, ErrSecret, "its cluster secret is not ours"},
		"over TLS too":    {Options{TLS: true}, Options{TLS: true, Key: NewKey("another"), Admit: admit}, nodeB, ErrSecret, "its cluster secret is not ours"},
		"another node":    {Options{}, Options{Admit: admit}, Node{"b", 77}, ErrWrongNode, ""},
		"another name":    {Options{}, Options{Admit: admit}, Node{"x", 2}, ErrWrongNode, ""},
		"no member":       {Options{}, Options{Admit: func(*Link) bool { return false }}, nodeB, ErrNotNow, ""},
		"TLS to none":     {Options{TLS: true}, Options{Admit: admit}, nodeB, nil, "a frame that is none"},
		"none to TLS":     {Options{}, Options{TLS: true, Admit: admit}, nodeB, nil, "TLS"},
		"one that is mad": {Options{Self: Node{strings.Repeat("x", 129), 1}}, Options{Admit: admit}, nodeB, nil, "a frame that is none"},
	} {
		t.Run(name, func(t *testing.T) {
			var log logged
			if tc.caller.Self.Incarnation == 0 {
				tc.caller.Self = nodeA
			}
			tc.called.Self, tc.called.Logger = nodeB, logger(&log)
			a, b := open(t, tc.caller), open(t, tc.called)
			_, err := a.Dial(t.Context(), b.Addr().String(), tc.to)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("the caller got %v, want %v", err, tc.want)
			}
			await(t, "a line", func() bool { return log.has(tc.logs) })
			for _, text := range []string{secret, "another\""} {
				if log.has(text) {
					t.Errorf("a secret is in the log: %s", log.buf.String())
				}
			}
		})
	}
}

func TestWhoSaysNothingOrTooSlowlyIsSentAway(t *testing.T) {
	var log logged
	b := open(t, Options{Self: nodeB, Patience: 50 * time.Millisecond, Logger: logger(&log)})
	conn := dialRaw(t, b)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !isReset(err) {
		t.Errorf("%v", err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	began := time.Now()
	if _, err := b.Dial(t.Context(), silent.Addr().String(), nodeA); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	await(t, "a line", func() bool { return log.has("no answer") })
}

func isReset(err error) bool { return err != nil && strings.Contains(err.Error(), "reset") }

func TestGarbageIsSentAway(t *testing.T) {
	b := open(t, Options{Self: nodeB})
	frame := func(k wire.Kind, ver uint8, payload []byte) []byte {
		return wire.AppendFrame(nil, wire.Frame{Kind: k, Ver: ver, Payload: payload})
	}
	for name, bytes := range map[string][]byte{
		"HTTP":            []byte("GET / HTTP/1.1\r\n\r\n"),
		"zeros":           make([]byte, 100),
		"a proof at once": frame(wire.KindRequest, 1, make([]byte, proofSize)),
		"a short hello":   frame(wire.KindHello, 1, make([]byte, 8)),
		"a packet":        appendPacket(nil, 1, 1, []byte("hi")),
		"a goodbye":       frame(wire.KindGoodbye, 1, nil),
		"an unknown kind": frame(200, 1, nil),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialRaw(t, b)
			_, _ = conn.Write(bytes)
			if rest, err := io.ReadAll(conn); len(rest) > 0 || err != nil && !isReset(err) {
				t.Errorf("got %q, %v", rest, err)
			}
		})
	}
	conn := dialRaw(t, b)
	_, _ = conn.Write(frame(wire.KindHello, 9, make([]byte, 60)))
	if rest, _ := io.ReadAll(conn); !strings.Contains(string(rest), ErrVersion.Error()) {
		t.Errorf("another version got %q", rest)
	}
}

// tap stands between two nodes and keeps what the caller says.
func tap(t *testing.T, to net.Addr, said chan<- []byte) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		caller, err := ln.Accept()
		if err != nil {
			return
		}
		called, err := net.Dial("tcp", to.String())
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(caller, called); caller.Close() }()
		var all []byte
		buf := make([]byte, 4096)
		for {
			n, err := caller.Read(buf)
			all = append(all, buf[:n]...)
			_, _ = called.Write(buf[:n])
			if err != nil {
				called.Close()
				said <- all

				return
			}
		}
	}()
	t.Cleanup(func() { ln.Close() })

	return ln
}

func TestWhatWasSaidInOneHandshakeIsGoodForNoOther(t *testing.T) {
	var log logged
	admitted := make(chan *Link, 10)
	b := open(t, Options{Self: nodeB, Logger: logger(&log), Admit: func(l *Link) bool { admitted <- l; return true }})
	a := open(t, Options{Self: nodeA})
	said := make(chan []byte, 1)
	l, err := a.Dial(t.Context(), tap(t, b.Addr(), said).Addr().String(), nodeB)
	if err != nil {
		t.Fatal(err)
	}
	l.Close(ErrClosed)
	(<-admitted).Close(ErrClosed)
	replayed := dialRaw(t, b)
	_, _ = replayed.Write(<-said)
	answer, _ := io.ReadAll(replayed)
	if !strings.Contains(string(answer), ErrSecret.Error()) || len(admitted) != 0 {
		t.Errorf("a replay got %q", answer)
	}
}

func TestNobodyStandsBetweenTwoNodesWithTLS(t *testing.T) {
	// One that takes the caller's TLS for its own and calls on, itself, with TLS: it relays every byte of the handshake.
	b := open(t, Options{Self: nodeB, TLS: true, Admit: func(l *Link) bool { l.Close(ErrClosed); return true }})
	a := open(t, Options{Self: nodeA, TLS: true})
	middle := open(t, Options{Self: Node{"m", 3}, TLS: true})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := ln.Accept()
		if err != nil {
			return
		}
		defer raw.Close()
		towards, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			return
		}
		defer towards.Close()
		left := tlsServer(raw, middle)
		right := tlsClient(towards)
		if left.HandshakeContext(context.Background()) != nil || right.HandshakeContext(context.Background()) != nil {
			return
		}
		go func() { _, _ = io.Copy(left, right); raw.Close() }()
		_, _ = io.Copy(right, left)
	}()
	if _, err := a.Dial(t.Context(), ln.Addr().String(), nodeB); !errors.Is(err, ErrSecret) {
		t.Errorf("got %v", err)
	}
	ln.Close()
	<-done
}

func TestADoorThatCloses(t *testing.T) {
	b := open(t, Options{Self: nodeB})
	conn := dialRaw(t, b)
	b.Close()
	if _, err := io.ReadAll(conn); err != nil && !isReset(err) {
		t.Errorf("a handshake goes on: %v", err)
	}
	if _, err := b.Dial(t.Context(), "127.0.0.1:1", nodeA); err == nil {
		t.Error("it dials")
	}
}

func TestMoreAtTheDoorThanThereIsRoomForAreSentAway(t *testing.T) {
	b := open(t, Options{Self: nodeB})
	var conns []net.Conn
	for range maxShakes {
		conns = append(conns, dialRaw(t, b))
	}
	await(t, "all are in", func() bool { return len(b.room) == maxShakes })
	if _, err := io.ReadAll(dialRaw(t, b)); err != nil && !isReset(err) {
		t.Errorf("one more: %v", err)
	}
	for _, c := range conns {
		c.Close()
	}
	await(t, "all are gone", func() bool { return len(b.room) == 0 })
}

func TestAConnectionCutAtAnyByteIsAnError(t *testing.T) {
	a, b := pair(t, Options{})
	ra := &recorder{}
	stream := appendPacket(nil, 1, 2, []byte("hello"))
	stream = wire.AppendFrame(stream, wire.Frame{Kind: kindBeat, Payload: make([]byte, 8)})
	a.Close(ErrClosed)
	b.Close(ErrClosed)
	_ = a.Run(ra)
	_ = b.Run(ra)
	for cut := range stream {
		here, there := net.Pipe()
		l := &Link{conn: here, base: here, limit: 1000, bound: 1000}
		go func() {
			_, _ = there.Write(stream[:cut])
			there.Close()
		}()
		r := &recorder{}
		if err := l.Run(r); err == nil {
			t.Errorf("cut at %d: no error", cut)
		}
		if want := cut / (len(stream) - 20); len(r.events) != want {
			t.Errorf("cut at %d: %q", cut, r.events)
		}
	}
}

func FuzzLink(f *testing.F) {
	f.Add(appendPacket(nil, 1, 2, []byte("hello")))
	f.Add(wire.AppendFrame(nil, wire.Frame{Kind: kindGoodbye, Payload: make([]byte, 8)}))
	f.Add(wire.AppendFrame(nil, wire.Frame{Kind: kindControl, Payload: []byte("x")}))
	f.Fuzz(func(t *testing.T, stream []byte) {
		here, there := net.Pipe()
		l := &Link{conn: here, base: here, limit: 1000, bound: 1000}
		go func() {
			_, _ = there.Write(stream)
			there.Close()
		}()
		if err := l.Run(&recorder{}); err == nil {
			t.Error("no error")
		}
		here.Close()
	})
}

func FuzzHandshake(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	hello := append(make([]byte, nonceSize), 0, 0, 0, 0, 0, 0, 0, 2)
	f.Add(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindHello, Ver: version, Payload: appendNode(hello, nodeA)}))
	f.Fuzz(func(t *testing.T, stream []byte) {
		here, there := net.Pipe()
		defer here.Close()
		d := &Door{opts: Options{Self: nodeB, Key: NewKey(secret), Patience: time.Second, QueueBytes: 1000, MaxPacket: 1000}}
		go func() { _, _ = io.Copy(io.Discard, there) }()
		go func() {
			_, _ = there.Write(stream)
			there.Close()
		}()
		s, err := d.begin(context.Background(), here, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.answer(nodeB, func(*Link) bool { return true }); err == nil {
			t.Error("let in without the secret")
		}
	})
}

func TestKeysOfDifferentSecretsDiffer(t *testing.T) {
	if NewKey("a") == NewKey("b") || strings.Contains(fmt.Sprintf("%s", NewKey(secret)), secret) {
		t.Error("keys")
	}
}
