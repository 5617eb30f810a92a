package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/wire"
)

// transports are the ways to a server that tests of behaviour go through.
var transports = []string{"tcp", "tls", "ws", "wss"}

// patience is how long a test waits for what must come. It is never waited out by a test that
// passes.
const patience = 20 * time.Second

// fake is a server that does what a script says: the script runs once for each connection, and the
// connection is closed when it returns.
type fake struct {
	t      testing.TB
	url    string
	dialer client.Option // for "pipe", else one that changes nothing
	script func(p *peer)

	mu    sync.Mutex
	peers []*peer
	over  bool
	wg    sync.WaitGroup
}

// peer is the server's end of one connection.
type peer struct {
	t testing.TB
	n int // 0 for the first connection

	read  func() (wire.Frame, error)
	write func(raw []byte) error // of whole frames, or of anything that a stream can have
	text  func(string) error     // a WebSocket text message
	close func()
}

// serve starts a fake server. How is one of transports, or "pipe" for connections in memory.
func serve(tb testing.TB, how string, script func(p *peer)) *fake {
	tb.Helper()
	f := &fake{t: tb, script: script, dialer: client.WithTLS(nil)}
	switch how {
	case "pipe":
		f.servePipe()
	case "tcp", "tls":
		f.serveStream(how == "tls")
	case "ws", "wss":
		f.serveWebSocket(how == "wss")
	}

	return f
}

func (f *fake) servePipe() {
	f.url = "tcp://memory:1"
	f.dialer = client.WithDialer(func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		f.stream(ours)

		return theirs, nil
	})
	f.t.Cleanup(f.stop)
}

func (f *fake) serveStream(secure bool) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	f.url = "tcp://" + ln.Addr().String()
	if secure {
		server, trusting := testkit.TLS(f.t)
		ln = tls.NewListener(ln, server)
		f.url = "tls" + strings.TrimPrefix(f.url, "tcp")
		f.dialer = client.WithTLS(trusting)
	}
	f.wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			f.stream(nc)
		}
	})
	f.t.Cleanup(func() {
		ln.Close()
		f.stop()
	})
}

func (f *fake) stream(nc net.Conn) {
	in := wire.NewReader(nc, 1<<20)
	f.run(&peer{
		t:     f.t,
		read:  in.Next,
		write: func(raw []byte) error { _, err := nc.Write(raw); return err },
		close: func() { nc.Close() },
	}, false)
}

func (f *fake) serveWebSocket(secure bool) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ws" {
			http.NotFound(w, r)

			return
		}
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
		if err != nil {
			f.t.Error(err)

			return
		}
		ws.SetReadLimit(1 << 20)
		f.run(webPeer(f.t, ws), true)
	}))
	if secure {
		server, trusting := testkit.TLS(f.t)
		srv.TLS = server
		srv.StartTLS()
		f.dialer = client.WithTLS(trusting)
	} else {
		srv.Start()
	}
	f.url = "ws" + strings.TrimPrefix(srv.URL, "http")
	f.t.Cleanup(func() {
		f.stop()
		srv.Close()
	})
}

func webPeer(tb testing.TB, ws *websocket.Conn) *peer {
	tb.Helper()

	return &peer{
		t: tb,
		read: func() (wire.Frame, error) {
			kind, body, err := ws.Read(context.Background())
			if err != nil {
				return wire.Frame{}, err
			}
			if kind != websocket.MessageBinary {
				return wire.Frame{}, errors.New("text message")
			}

			return wire.ParseBody(body)
		},
		write: func(raw []byte) error {
			for len(raw) > 0 {
				body, n, _ := wire.Split(raw, 1<<20)
				if n == 0 { // no frame: a message of just that
					body, n = raw, len(raw)
				}
				if err := ws.Write(context.Background(), websocket.MessageBinary, body); err != nil {
					return err
				}
				raw = raw[n:]
			}

			return nil
		},
		text: func(s string) error {
			return ws.Write(context.Background(), websocket.MessageText, []byte(s))
		},
		close: func() { _ = ws.CloseNow() },
	}
}

// run gives a connection to the script, on a goroutine of the fake unless there is one for it.
func (f *fake) run(p *peer, here bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		p.close()

		return
	}
	p.n = len(f.peers)
	f.peers = append(f.peers, p)
	work := func() {
		defer p.close()
		f.script(p)
	}
	if !here {
		f.wg.Go(work)

		return
	}
	f.wg.Add(1)
	f.mu.Unlock()
	defer f.mu.Lock()
	defer f.wg.Done()
	work()
}

// stop ends all connections and waits for their scripts.
func (f *fake) stop() {
	f.mu.Lock()
	f.over = true
	for _, p := range f.peers {
		p.close()
	}
	f.mu.Unlock()
	f.wg.Wait()
}

// logins is how many connections there have been.
func (f *fake) logins() int {
	f.mu.Lock()
	defer f.mu.Unlock()

	return len(f.peers)
}

// dial connects a client that is closed at the end of the test.
func (f *fake) dial(opts ...client.Option) *client.Client {
	f.t.Helper()
	c, err := client.Dial(f.t.Context(), f.url, append([]client.Option{f.dialer, client.WithToken("secret")}, opts...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			f.t.Errorf("Close: %v", err)
		}
	})

	return c
}

func noNetwork(err error) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return nil, err }
}

// send is Send without the receipt.
func send(c *client.Client, ctx context.Context, to string, msg []byte) error { //nolint:revive // as the method has it
	_, err := c.Send(ctx, to, msg)

	return err
}

// open is Connect without the receipt.
func open(c *client.Client, ctx context.Context, peer string) error { //nolint:revive // as the method has it
	_, err := c.Connect(ctx, peer)

	return err
}
