package link

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

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
	testkit.Eventually(t, "the refusal", func() bool { return b.Stats().RefusedHandshakes["secret"] == 1 })
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
	testkit.Eventually(t, "a link", func() bool { return a.To(b.id) != nil && b.To(a.id) != nil })
	if err := a.To(b.id).Send(1, []byte("once")); err != nil {
		t.Error(err)
	}
	testkit.Eventually(t, "a packet", func() bool { return b.has("packet 1 once") })
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
	testkit.Eventually(t, "the refusals", func() bool { return b.Stats().RefusedHandshakes["secret"] == 1 })
	if b.recorder.count("packet 1 once") != 1 || b.To(a.id) == nil {
		t.Error(b.list())
	}
}

func TestAForgedFrameEndsTheLinkAsAProtocolError(t *testing.T) {
	for name, forged := range map[string][]byte{
		"an unknown kind":             appendFrame(nil, 77, 0, nil),
		"too long":                    {0xff, 0xff, 0xff, 0xff, kindPacket, 0},
		"too short":                   {0, 0, 0, 1, kindPacket, 0},
		"an ack of what was not sent": appendAck(nil, 1<<40),
	} {
		var log testkit.Output
		a, b := open(t, "a", 1), open(t, "b", 2, func(c *Config) { c.Logger = log.Logger() })
		join(t, a, b)
		a.Unwant(b.id)
		b.Unwant(a.id)
		l := a.To(b.id)
		testkit.Eventually(t, "an idle writer", func() bool {
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
		testkit.Eventually(t, name, func() bool { return b.has("down a 1: protocol") && (a.has("down b 1: refused")) })
		if log.Count("level=WARN") != 1 || b.Stats().Ended["protocol"] != 1 {
			t.Error(name, log.String())
		}
	}
}
