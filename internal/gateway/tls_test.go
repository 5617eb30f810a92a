package gateway

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestOverTLSASessionDoesTheSame(t *testing.T) {
	server, trusting := testkit.TLS(t)
	n := start(t, Config{TLS: server, HelloTimeout: time.Second})
	conn, err := tls.Dial("tcp", n.tcp, trusting)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, &tcpBodies{conn})
	c.login("alice")
	u := n.user(t, "alice")
	if u.Transport() != "tls" || u.GetClientAddr() != conn.LocalAddr().String() {
		t.Errorf("%s from %s", u.Transport(), u.GetClientAddr())
	}
	big := strings.Repeat("b", 60_000)
	for i := range 50 {
		c.send(request(uint32(i+1), 1, big))
		c.wantEcho(uint32(i+1), big)
	}
	plain := n.dialTCP(t)
	if _, err := plain.io.(*tcpBodies).conn.Write(wire.AppendFrame(nil, helloFrame("bob"))); err != nil {
		t.Fatal(err)
	}
	if body, err := plain.io.receive(); err == nil {
		t.Errorf("without TLS: %q", body)
	}
	silent := n.dialTCP(t) // no handshake
	silent.wantEnd()
	var d tally
	pushed := stall(t, u, &d)
	for range pushed {
		c.next()
	}
	testkit.Eventually(t, "all pushes are written", func() bool { return d.ok.Load() == pushed })
	u.Disconnect()
	c.wantGoodbye(wire.GoodbyeRemoved)
	n.wantLeft(t, "alice", user.Removed)
}

func TestAStalledTLSClientIsAborted(t *testing.T) {
	server, trusting := testkit.TLS(t)
	n := start(t, Config{TLS: server, Heartbeat: 100 * time.Millisecond})
	conn, err := tls.Dial("tcp", n.tcp, trusting)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, &tcpBodies{conn})
	c.login("alice")
	var d tally
	pushed := stall(t, n.user(t, "alice"), &d)
	n.wantLeft(t, "alice", user.Left)
	testkit.Eventually(t, "all pushes have outcomes", func() bool { return d.all() == pushed })
}

func TestAddressAndTransportAreThoseOfTheConnection(t *testing.T) {
	n := start(t, Config{})
	tcp := n.dialTCP(t)
	tcp.login("alice")
	if u := n.user(t, "alice"); u.Transport() != "tcp" || u.GetClientAddr() != tcp.io.(*tcpBodies).conn.LocalAddr().String() {
		t.Errorf("%s from %s", u.Transport(), u.GetClientAddr())
	}
	header := http.Header{"X-Forwarded-For": {"192.0.2.1"}, "Origin": {"http://" + strings.TrimSuffix(strings.TrimPrefix(n.ws, "ws://"), "/ws")}}
	conn, resp, err := websocket.Dial(t.Context(), n.ws, &websocket.DialOptions{HTTPHeader: header}) //nolint:bodyclose // none
	if err != nil {
		t.Fatal(err, resp)
	}
	if conn.Subprotocol() != "" {
		t.Errorf("subprotocol %q", conn.Subprotocol())
	}
	ws := newClient(t, &wsBodies{conn})
	ws.login("bob")
	if u := n.user(t, "bob"); u.Transport() != "ws" || !strings.HasPrefix(u.GetClientAddr(), "127.0.0.1:") {
		t.Errorf("%s from %s", u.Transport(), u.GetClientAddr())
	}
}

func TestOverWSSASessionDoesTheSame(t *testing.T) {
	n := newNode(t, Config{})
	n.router.Handle(2, 1, echo)
	n.router.Freeze()
	web := httptest.NewTLSServer(n.gw.WebSocket())
	defer web.Close()
	conn, _, err := websocket.Dial(t.Context(), "wss"+strings.TrimPrefix(web.URL, "https"), &websocket.DialOptions{HTTPClient: web.Client()}) //nolint:bodyclose // none
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(-1)
	c := newClient(t, &wsBodies{conn})
	c.login("alice")
	if got := n.user(t, "alice").Transport(); got != "wss" {
		t.Error(got)
	}
	c.wantAlive()
	c.send(wire.Frame{Kind: wire.KindGoodbye})
	n.wantLeft(t, "alice", user.Left)
	web.CloseClientConnections()
}
