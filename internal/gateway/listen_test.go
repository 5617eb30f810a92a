package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestDrainGivesEachClientItsOwnReconnectTime(t *testing.T) {
	n := start(t, Config{})
	const count = 40
	var clients []*client
	for i := range count {
		dial := n.dialTCP
		if i%2 == 1 {
			dial = n.dialWS
		}
		c := dial(t)
		c.login("user " + number(i))
		clients = append(clients, c)
	}
	waiting := n.dialTCP(t) // no hello yet
	eventually(t, func() bool { return n.gw.Stats().Pending == 1 })
	drained := make(chan error, 1)
	go func() { drained <- n.gw.Drain(t.Context()) }()
	times := make(map[time.Duration]bool)
	for _, c := range append(clients, waiting) {
		after, ok := wire.ParseReconnect([]byte(c.wantGoodbye(wire.GoodbyeStopping)))
		if !ok || after < 0 || after >= reconnectSpread {
			t.Errorf("come back after %v, %v", after, ok)
		}
		times[after] = true
		c.io.close()
	}
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	if len(times) < count/2 {
		t.Errorf("%d different times", len(times))
	}
	if len(n.gone) != count {
		t.Errorf("%d have left when Drain returned", len(n.gone))
	}
	if conn, err := net.Dial("tcp", n.tcp); err == nil {
		_ = conn.Close()
		t.Error("still listening")
	}
	resp, err := http.Get("http" + strings.TrimPrefix(n.ws, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Error(resp.Status)
	}
	if err := n.gw.Serve(loopback(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("Serve after Drain: %v", err)
	}
}

func TestDrainWritesWhatIsQueuedFirst(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	var d tally
	pushed := stall(t, n.user(t, "alice"), &d)
	drained := make(chan error, 1)
	go func() { drained <- n.gw.Drain(t.Context()) }()
	for range pushed {
		if f := c.next(); f.Kind != wire.KindPush {
			t.Fatalf("%v %q", f.Kind, f.Payload)
		}
	}
	c.wantGoodbye(wire.GoodbyeStopping)
	c.io.close()
	if err := <-drained; err != nil || d.ok.Load() != pushed {
		t.Fatalf("%v, %d of %d delivered", err, d.ok.Load(), pushed)
	}
}

func TestDrainAbortsSessionsWhenItsTimeEnds(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t) // never closes
	c.login("alice")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.gw.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	n.wantLeft(t, "alice", user.Stopping)
}

func TestConnectionsWithoutAHelloAreLimited(t *testing.T) {
	n := start(t, Config{MaxPending: 3})
	served := n.dialTCP(t)
	served.login("alice")
	var pending []*client
	for range 3 {
		pending = append(pending, n.dialTCP(t))
	}
	eventually(t, func() bool { return n.gw.Stats().Pending == 3 })
	n.dialTCP(t).wantEnd()
	_, resp, err := websocket.Dial(t.Context(), n.ws, nil) //nolint:bodyclose // of a failed one
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("%v", err)
	}
	if n.gw.Stats().Refused != 2 {
		t.Errorf("%+v", n.gw.Stats())
	}
	served.wantAlive()
	pending[0].login("bob") // makes room
	n.dialTCP(t).login("carol")
}

// exhausted is a listener whose first Accepts fail as with too many open files.
type exhausted struct {
	net.Listener

	errs []error
}

func (l *exhausted) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]

		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: err}
	}

	return l.Listener.Accept()
}

// pipeListener accepts until it is closed, and nothing comes.
type pipeListener struct{ closed chan struct{} }

func (l pipeListener) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}

	return nil
}
func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestAcceptErrorsAreLoggedAndPausedAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		n := newNode(t, Config{})
		n.gw.log = slog.New(slog.NewTextHandler(&log, nil))
		ln := &exhausted{Listener: pipeListener{make(chan struct{})}}
		for range 20 {
			ln.errs = append(ln.errs, syscall.EMFILE)
		}
		var serving sync.WaitGroup
		begin := time.Now()
		serving.Go(func() {
			if err := n.gw.Serve(ln); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Minute) // virtual
		synctest.Wait()
		if n.gw.Stats().AcceptErrors != 20 || len(ln.errs) != 0 {
			t.Errorf("%d errors after %v", n.gw.Stats().AcceptErrors, time.Since(begin))
		}
		if err := n.gw.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
		if got := strings.Count(log.String(), "too many open files"); got != 20 {
			t.Errorf("%d lines logged", got)
		}
	})
}

func TestServeReturnsAnErrorThatWillNotPass(t *testing.T) {
	n := newNode(t, Config{})
	ln := &exhausted{Listener: loopback(t), errs: []error{syscall.EBADF}}
	if err := n.gw.Serve(ln); !errors.Is(err, syscall.EBADF) {
		t.Fatal(err)
	}
}

// certificate is one for 127.0.0.1 that the pool trusts.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs

	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

func TestOverTLSASessionDoesTheSame(t *testing.T) {
	server, trusting := certificate(t)
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
	eventually(t, func() bool { return d.ok.Load() == pushed })
	u.Disconnect()
	c.wantGoodbye(wire.GoodbyeRemoved)
	n.wantLeft(t, "alice", user.Removed)
}

func TestAStalledTLSClientIsAborted(t *testing.T) {
	server, trusting := certificate(t)
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
	eventually(t, func() bool { return d.all() == pushed })
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
