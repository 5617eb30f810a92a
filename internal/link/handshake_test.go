package link

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

func TestIntroduceLearnsWhichNodeIsThere(t *testing.T) {
	a, b := open(t, "a", 1), open(t, "b", 2)
	for _, m := range [][2]*member{{a, b}, {b, a}} {
		peer, err := m[0].Introduce(t.Context(), m[1].Addr())
		if err != nil || peer.ID != m[1].id || peer.Addr != m[1].Advertised() || peer.Version != Version {
			t.Error(peer, err)
		}
	}
	if len(a.Links()) > 0 || len(b.list()) > 0 {
		t.Error("there is a link")
	}
}

func TestIntroduceSaysWhatIsWrong(t *testing.T) {
	var log logged
	a := open(t, "a", 1)
	other := open(t, "b", 2, func(c *Config) { c.Secret, c.Logger = "another", logger(&log) })
	serve := func(f func(net.Conn)) string {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				f(c)
				c.Close()
			}
		})
		t.Cleanup(func() { ln.Close(); wg.Wait() })

		return ln.Addr().String()
	}
	closed := serve(nil)
	_ = closed
	server, _, err := tlsConfigs()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		addr string
		want error
	}{
		"another secret": {other.Addr(), ErrSecret},
		"itself":         {a.Addr(), ErrSelf},
		"HTTP": {serve(func(c net.Conn) {
			_, _ = c.Read(make([]byte, 100))
			_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}), ErrNotCluster},
		"closes": {serve(func(net.Conn) {}), ErrNotCluster},
		"HTTPS": {serve(func(c net.Conn) {
			s := tls.Server(c, server)
			_, _ = s.Read(make([]byte, 100))
			_, _ = s.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}), ErrNotCluster},
		"another version": {serve(func(c net.Conn) {
			s := tls.Server(c, server)
			_, _ = s.Read(make([]byte, 100))
			w := welcome{version: 9, self: node.ID{Name: "x", Incarnation: 9}}
			_, _ = s.Write(w.encode())
			_, _ = s.Read(make([]byte, 100))
		}), ErrVersion},
	} {
		if _, err := a.Introduce(t.Context(), tc.addr); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Introduce(t.Context(), "127.0.0.1:1"); err == nil || errors.Is(err, ErrNotCluster) {
		t.Error(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := a.Introduce(ctx, silent.Addr().String()); err == nil {
		t.Error("introduced by silence")
	}
	await(t, "a line", func() bool { return log.count("its cluster secret is not ours") == 1 })
	if log.count(secret)+log.count("another\"") > 0 {
		t.Error("a secret is in the log")
	}
}

func TestARefusalIsLoggedOnce(t *testing.T) {
	var log logged
	b := open(t, "b", 2, func(c *Config) { c.Logger = logger(&log) })
	stranger := open(t, "s", 3, func(c *Config) { c.Secret = "another" })
	for range 5 {
		if _, err := stranger.Introduce(t.Context(), b.Addr()); !errors.Is(err, ErrSecret) {
			t.Error(err)
		}
	}
	await(t, "the count", func() bool { return b.Stats().RefusedHandshakes["secret"] == 5 })
	await(t, "a line", func() bool { return log.count("level=WARN") > 0 })
	if n := log.count("level=WARN"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestGarbageIsSentAway(t *testing.T) {
	b := open(t, "b", 2)
	_, client, err := tlsConfigs()
	if err != nil {
		t.Fatal(err)
	}
	for name, payload := range map[string][]byte{
		"zeros":              make([]byte, 300),
		"no message":         {0xff, 0xff, 1, 2, 3},
		"a request":          (&request{purpose: purposeLink, current: 1}).encode(),
		"a frame":            appendFrame(nil, kindPacket, 1, []byte("hi")),
		"a hello of no node": message(append(begin(msgHello), Version)),
	} {
		conn, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		secured := tls.Client(conn, client)
		if _, err := secured.Write(payload); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadAll(secured); errors.Is(err, context.DeadlineExceeded) || err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("%s: %v", name, err)
		}
		conn.Close()
	}
	for name, raw := range map[string][]byte{"TLS that is none": append([]byte{tlsRecord}, make([]byte, 100)...), "nothing of TLS": []byte("GET /")} {
		conn, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = conn.Write(raw)
		if _, err := io.ReadAll(conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("%s: %v", name, err)
		}
		conn.Close()
	}
	if len(b.list()) > 0 {
		t.Error(b.list())
	}
}

// tap stands between a dialer and a node. Change sees what each direction carries.
func tap(t *testing.T, to string, dialer, acceptor func(net.Conn) net.Conn, see func([]byte)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()

				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			in, out = dialer(in), acceptor(out)
			wg.Go(func() { _, _ = io.Copy(in, out); in.Close() })
			wg.Go(func() { _, _ = io.Copy(io.MultiWriter(out, writerFunc(see)), in); out.Close() })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})

	return ln.Addr().String()
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

func TestAMachineInTheMiddleIsRefusedByBothSides(t *testing.T) {
	server, client, err := tlsConfigs()
	if err != nil {
		t.Fatal(err)
	}
	a, b := open(t, "a", 1), open(t, "b", 2)
	addr := tap(t, b.Addr(),
		func(c net.Conn) net.Conn { return tls.Server(c, server) }, func(c net.Conn) net.Conn { return tls.Client(c, client) }, func([]byte) {})
	if _, err := a.Introduce(t.Context(), addr); !errors.Is(err, ErrSecret) {
		t.Error(err)
	}
	await(t, "the refusal", func() bool { return b.Stats().RefusedHandshakes["secret"] == 1 })
}

func TestAReplayedHandshakeIsRefused(t *testing.T) {
	a, b := open(t, "a", 1), open(t, "b", 2)
	var mu sync.Mutex
	var said []byte
	addr := tap(t, b.Addr(), func(c net.Conn) net.Conn { return c }, func(c net.Conn) net.Conn { return c }, func(p []byte) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, p...)
	})
	a.Want(b.id, addr)
	await(t, "a link", func() bool { return a.To(b.id) != nil && b.To(a.id) != nil })
	if err := a.To(b.id).Send(1, []byte("once")); err != nil {
		t.Error(err)
	}
	await(t, "a packet", func() bool { return b.has("packet 1 once") })
	mu.Lock()
	replay := bytes.Clone(said)
	mu.Unlock()
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = conn.Write(replay)
	if _, err := io.ReadAll(conn); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Error(err)
	}
	// The messages inside TLS, on a connection of its own: the proof is of another channel.
	_, client, err := tlsConfigs()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
	secured := tls.Client(raw, client)
	h := hello{version: Version, wanted: b.id.Incarnation, self: a.id}
	m := request{purpose: purposeLink, attempt: 99, current: 2, ended: 1}
	_, _ = rand.Read(m.proof[:])
	_, _ = secured.Write(append(h.encode(), m.encode()...))
	_, _ = io.ReadAll(secured)
	await(t, "the refusals", func() bool { return b.Stats().RefusedHandshakes["secret"] == 1 })
	if b.recorder.count("packet 1 once") != 1 || b.To(a.id) == nil {
		t.Error(b.list())
	}
}

func TestAStreamOfAnotherProtocolIsHandedOn(t *testing.T) {
	streams := make(chan net.Conn, 1)
	b := open(t, "b", 2, func(c *Config) { c.Streams = func(c net.Conn) { streams <- c } })
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Write([]byte("gossip"))
	in := <-streams
	defer in.Close()
	got := make([]byte, 6)
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "gossip" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := in.Write([]byte("back")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(conn, got[:4]); err != nil || string(got[:4]) != "back" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAForgedFrameEndsTheLinkAsAProtocolError(t *testing.T) {
	for name, forged := range map[string][]byte{
		"an unknown kind":             appendFrame(nil, 77, 0, nil),
		"too long":                    {0xff, 0xff, 0xff, 0xff, kindPacket, 0},
		"too short":                   {0, 0, 0, 1, kindPacket, 0},
		"an ack of what was not sent": appendAck(nil, 1<<40),
	} {
		var log logged
		a, b := open(t, "a", 1), open(t, "b", 2, func(c *Config) { c.Logger = logger(&log) })
		join(t, a, b)
		a.Unwant(b.id)
		b.Unwant(a.id)
		l := a.To(b.id)
		await(t, "an idle writer", func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.writing || l.conn == nil {
				return false
			}
			if err := l.conn.encrypt(forged); err != nil {
				t.Error(err)
			}

			return true
		})
		l.beat()
		await(t, name, func() bool { return b.has("down a 1: protocol") && (a.has("down b 1: refused")) })
		if log.count("level=WARN") != 1 || b.Stats().Ended["protocol"] != 1 {
			t.Error(name, log.buf.String())
		}
	}
}
