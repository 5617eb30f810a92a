package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestDialRefusesAURLThatItCannotUse(t *testing.T) {
	for url, want := range map[string]string{
		"":                         "want tcp://",
		"127.0.0.1:7200":           "want tcp://",
		"localhost":                "want tcp://",
		"http://127.0.0.1:7000":    `scheme is "http"`,
		"quic://127.0.0.1:7000":    `scheme is "quic"`,
		"tcp://":                   "want tcp://",
		"tcp://:7200":              "no host",
		"tcp://127.0.0.1":          "no port, want 127.0.0.1:7200",
		"tcp://127.0.0.1:0":        "port is 0",
		"tcp://127.0.0.1:70000":    "port is 70000",
		"tcp://127.0.0.1:7200/ws":  "tcp has no path",
		"tcp://127.0.0.1:7200?a=b": "tcp has no path",
		"tcp:127.0.0.1:7200":       "want tcp://",
		"ws://al:pw@127.0.0.1/":    "remove the user: the token names it",
		"tcp://[::1:7200":          "want tcp://",
	} {
		_, err := client.Dial(t.Context(), url, client.WithToken("secret"))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error is %v, want %q in it", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: error shows the password: %v", url, err)
		}
	}
}

func TestDialWantsAToken(t *testing.T) {
	if _, err := client.Dial(t.Context(), "tcp://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "no token") {
		t.Errorf("error is %v", err)
	}
	broken := errors.New("identity service is down")
	_, err := client.Dial(t.Context(), "tcp://127.0.0.1:1", client.WithTokenSource(func(context.Context) (string, error) { return "", broken }))
	if !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
}

func TestDialDoesNotTakeTLSSettingsForAnOpenConnection(t *testing.T) {
	f := serve(t, "tls", func(*peer) {})
	url := "tcp" + strings.TrimPrefix(f.url, "tls")
	if _, err := client.Dial(t.Context(), url, client.WithToken("secret"), f.dialer); err == nil || !strings.Contains(err.Error(), "WithTLS") {
		t.Errorf("error is %v", err)
	}
}

func TestDialSaysThatNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	for _, scheme := range transports {
		_, err := client.Dial(t.Context(), scheme+"://"+addr, client.WithToken("secret"))
		var op *net.OpError
		if !errors.As(err, &op) || !strings.Contains(err.Error(), addr) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %v", scheme, err)
		}
	}
}

func TestDialDoesNotTrustAStranger(t *testing.T) {
	for _, how := range []string{"tls", "wss"} {
		f := serve(t, how, func(p *peer) { _, _ = p.read() })
		if _, err := client.Dial(t.Context(), f.url, client.WithToken("secret")); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: error is %v", how, err)
		}
	}
}

func TestDialReturnsTheServersGoodbye(t *testing.T) {
	for _, how := range transports {
		f := serve(t, how, func(p *peer) {
			p.hello()
			p.send(farewell(wire.GoodbyeBadToken, "The token has expired"))
		})
		_, err := client.Dial(t.Context(), f.url, f.dialer, client.WithToken("secret"))
		var bye *client.GoodbyeError
		if !errors.As(err, &bye) || bye.Code != wire.GoodbyeBadToken || bye.Text != "The token has expired" {
			t.Errorf("%s: error is %v", how, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "2001: bad token")) {
			t.Errorf("%s: error reads %q", how, err)
		}
		if f.logins() != 1 {
			t.Errorf("%s: %d attempts", how, f.logins())
		}
	}
}

func TestDialReturnsAGoodbyeThatCameAheadOfTheHello(t *testing.T) {
	f := serve(t, "tcp", func(p *peer) {
		p.send(farewell(wire.GoodbyeRemoved, "banned"))
		p.drain()
	})
	_, err := client.Dial(t.Context(), f.url, client.WithToken("secret"))
	if bye, ok := errors.AsType[*client.GoodbyeError](err); !ok || bye.Code != wire.GoodbyeRemoved {
		t.Errorf("error is %v", err)
	}
}

func TestDialSaysWhatIsNoWelcome(t *testing.T) {
	welcome := func(w wire.Welcome) string {
		return string(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindWelcome, Payload: w.Append(nil)}))
	}
	for name, c := range map[string]struct {
		answer string
		want   string
		broken bool
	}{
		"nothing":             {"", "without a word", false},
		"a web server":        {"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP without TLS: use ws://", true},
		"an unknown kind":     {"\x00\x00\x00\x08\x99\x00\x00\x00\x00\x00\x00\x00", "unknown kind", true},
		"a ping":              {string(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing})), "answered the hello with a ping", true},
		"no JSON":             {string(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindWelcome, Payload: []byte("hi")})), "malformed welcome", true},
		"no user":             {welcome(wire.Welcome{HeartbeatMS: 1, MaxMessage: 1}), "lacks", true},
		"no heartbeat":        {welcome(wire.Welcome{User: "a", MaxMessage: 1}), "lacks", true},
		"a negative maximum":  {welcome(wire.Welcome{User: "a", HeartbeatMS: 1, MaxMessage: -1}), "lacks", true},
		"half of a welcome":   {welcome(defaultWelcome)[:20], "without a word", false},
		"a length of nothing": {"\x00\x00\x00\x00", "shorter than its header", true},
	} {
		f := serve(t, "tcp", func(p *peer) {
			p.hello()
			_ = p.write([]byte(c.answer))
		})
		_, err := client.Dial(t.Context(), f.url, client.WithToken("secret"))
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, client.ErrProtocol) != c.broken {
			t.Errorf("%s: error is %v, want %q in it", name, err, c.want)
		}
	}
}

func TestDialWantsAWebSocketOfItsProtocol(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/other":
			ws, err := websocket.Accept(w, r, nil)
			if err == nil {
				_, _, _ = ws.Read(r.Context())
			}
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	url := "ws" + strings.TrimPrefix(srv.URL, "http")
	if _, err := client.Dial(t.Context(), url, client.WithToken("secret")); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("error is %v", err)
	}
	if _, err := client.Dial(t.Context(), url+"/other", client.WithToken("secret")); err == nil || !strings.Contains(err.Error(), "subprotocol") {
		t.Errorf("error is %v", err)
	}
}

func TestDialGivesUpOnAServerThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) { p.drain() })
		start := time.Now()
		_, err := client.Dial(t.Context(), f.url, f.dialer, client.WithToken("secret"))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no welcome within 15s") {
			t.Errorf("error is %v", err)
		}
		if took := time.Since(start); took != 15*time.Second {
			t.Errorf("took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := client.Dial(ctx, f.url, f.dialer, client.WithToken("secret")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		if took := time.Since(start); took != 16*time.Second {
			t.Errorf("both took %v", took)
		}
	})
}

func TestALoginTellsBothSidesWhoTheyTalkTo(t *testing.T) {
	for _, how := range transports {
		hellos := make(chan wire.Hello, 1)
		f := serve(t, how, func(p *peer) {
			hellos <- p.hello()
			p.send(wire.Frame{Kind: wire.KindWelcome, Payload: defaultWelcome.Append(nil)})
			p.obey()
		})
		ctx, cancel := context.WithCancel(t.Context())
		c, err := client.Dial(ctx, f.url, f.dialer, client.WithToken("secret"), client.WithName("test/1"))
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		cancel() // means nothing to the client any more
		if got := receive(t, "hello", hellos); got != (wire.Hello{Token: "secret", Client: "test/1"}) {
			t.Errorf("%s: hello is %+v", how, got)
		}
		if c.UserID() != "alice" || c.Session() != defaultWelcome.Session || c.Node() != "n1" || c.State() != client.StateConnected {
			t.Errorf("%s: %s, %s, %s, %v", how, c.UserID(), c.Session(), c.Node(), c.State())
		}
		if err := send(c, t.Context(), "bob", []byte("hi")); err != nil {
			t.Errorf("%s: %v", how, err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
}
