package link

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/testkit"
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
	var log testkit.Output
	a := open(t, "a", 1)
	other := open(t, "b", 2, func(c *Config) { c.Secret, c.Logger = "another", log.Logger() })
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
	testkit.Eventually(t, "a line", func() bool { return log.Count("its cluster secret is not ours") == 1 })
	if log.Count(secret)+log.Count("another\"") > 0 {
		t.Error("a secret is in the log")
	}
}

func TestARefusalIsLoggedOnce(t *testing.T) {
	var log testkit.Output
	b := open(t, "b", 2, func(c *Config) { c.Logger = log.Logger() })
	stranger := open(t, "s", 3, func(c *Config) { c.Secret = "another" })
	for range 5 {
		if _, err := stranger.Introduce(t.Context(), b.Addr()); !errors.Is(err, ErrSecret) {
			t.Error(err)
		}
	}
	testkit.Eventually(t, "the count", func() bool { return b.Stats().RefusedHandshakes["secret"] == 5 })
	testkit.Eventually(t, "a line", func() bool { return log.Count("level=WARN") > 0 })
	if n := log.Count("level=WARN"); n != 1 {
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
