package gateway

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/internal/testkit"
)

// guardHTTP serves the node over HTTP through the door.
func (n *node) guardHTTP(t *testing.T, cfg *tls.Config) (addr string) {
	t.Helper()
	n.router.Freeze()
	mux := http.NewServeMux()
	mux.Handle("/ws", n.gw.WebSocket())
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	ln := loopback(t)
	guarded := n.gw.GuardHTTP(server, ln, cfg)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(guarded) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})

	return ln.Addr().String()
}

func TestConnectionsOfHTTPCountAtTheDoor(t *testing.T) {
	n := newNode(t, Config{AddressPending: 2})
	addr := n.guardHTTP(t, nil)
	n.ws = "ws://" + addr + "/ws"
	silent, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	testkit.Eventually(t, "the connections that are held are 1", func() bool { return n.gw.Stats().Held == 1 })
	c := n.dialWS(t)
	if n.gw.Stats().Held != 2 {
		t.Errorf("%d held", n.gw.Stats().Held)
	}
	third, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	_ = third.SetReadDeadline(time.Now().Add(testTime))
	if n, err := third.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("a third is let in")
	}
	n.wantDenied(t, DeniedAddressPending, 1)
	c.login("alice")
	if n.gw.Stats().Held != 1 {
		t.Errorf("%d held after the login", n.gw.Stats().Held)
	}
	_ = silent.Close()
	testkit.Eventually(t, "the connections that are held are 0", func() bool { return n.gw.Stats().Held == 0 })
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Get("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if string(body) != "here" || n.gw.Stats().Held != 1 {
		t.Errorf("%q, %d held", body, n.gw.Stats().Held)
	}
	client.CloseIdleConnections()
	testkit.Eventually(t, "the connections that are held are 0", func() bool { return n.gw.Stats().Held == 0 })
}

func TestAGuardedServerSpeaksTLS(t *testing.T) {
	server, trusting := testkit.TLS(t)
	n := newNode(t, Config{HelloTimeout: time.Second})
	addr := n.guardHTTP(t, server)
	trusting = trusting.Clone()
	trusting.ServerName = "example.com"
	transport := &http.Transport{TLSClientConfig: trusting}
	defer transport.CloseIdleConnections()
	conn, _, err := websocket.Dial(t.Context(), "wss://"+addr+"/ws", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}}) //nolint:bodyclose // none
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, &wsBodies{conn})
	c.login("alice")
	if via := n.user(t, "alice").Transport(); via != "wss" {
		t.Error(via)
	}
	plain, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	_, _ = io.WriteString(plain, "GET / HTTP/1.1\r\n\r\n")
	n.wantDenied(t, DeniedTLS, 1)
	silent, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	n.wantDenied(t, DeniedNoHello, 1) // after HelloTimeout
	testkit.Eventually(t, "the connections that are held are 0", func() bool { return n.gw.Stats().Held == 0 })
}

func TestAnUpgradeThatFailsLeavesTheDoor(t *testing.T) {
	n := start(t, Config{})
	for range 3 {
		resp, err := http.Post("http"+strings.TrimPrefix(n.ws, "ws"), "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	n.wantDenied(t, DeniedHandshake, 3)
	if n.gw.Stats().Held != 0 {
		t.Errorf("%d held", n.gw.Stats().Held)
	}
}

func TestCloseEndsAGuardWithConnectionsThatSayNothing(t *testing.T) {
	server, _ := testkit.TLS(t)
	n := newNode(t, Config{})
	n.router.Freeze()
	ln := n.gw.GuardHTTP(&http.Server{ReadHeaderTimeout: time.Minute}, loopback(t), server)
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	testkit.Eventually(t, "the connections that are held are 1", func() bool { return n.gw.Stats().Held == 1 })
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = ln.Close()
	}()
	select {
	case <-done:
	case <-time.After(testTime):
		t.Fatal("Close waits")
	}
	if _, err := ln.Accept(); err == nil {
		t.Error("a closed guard accepts")
	}
	if n.gw.Stats().Held != 0 {
		t.Errorf("%d held", n.gw.Stats().Held)
	}
	if (closeContext{n.gw.stopped}).Err() != nil || (closeContext{done}).Err() != context.Canceled { //nolint:errorlint // as contexts do
		t.Error("a context of a channel is not one")
	}
}
