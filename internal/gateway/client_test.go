package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/wire"
)

// testTime is when a test gives up waiting for something.
const testTime = time.Minute

// client is a client of the tests: it sends any bytes, and reads frames.
type client struct {
	t  testing.TB
	io bodyConn
}

// bodyConn carries bodies.
type bodyConn interface {
	send(body []byte) error
	receive() ([]byte, error) // io.EOF: the server closed
	close()                   // without a word
}

func (n *node) dialTCP(tb testing.TB) *client {
	tb.Helper()
	conn, err := net.Dial("tcp", n.tcp)
	if err != nil {
		tb.Fatal(err)
	}

	return newClient(tb, &tcpBodies{conn})
}

func (n *node) dialWS(tb testing.TB) *client {
	tb.Helper()
	conn, resp, err := websocket.Dial(tb.Context(), n.ws, &websocket.DialOptions{Subprotocols: []string{"other", wire.Subprotocol}})
	if err != nil {
		tb.Fatal(err)
	}
	if resp.Body != nil {
		defer resp.Body.Close()
	}
	if conn.Subprotocol() != wire.Subprotocol {
		tb.Fatalf("subprotocol %q", conn.Subprotocol())
	}
	conn.SetReadLimit(-1)

	return newClient(tb, &wsBodies{conn})
}

// scene is the testing.T of a test that is run in several settings.
type scene struct{ *testing.T }

// overBoth runs a test over TCP and over WebSocket.
func overBoth(t *testing.T, cfg Config, test func(t *scene, n *node, dial func(testing.TB) *client)) {
	t.Helper()
	t.Run("TCP", func(t *testing.T) { n := start(t, cfg); test(&scene{t}, n, n.dialTCP) })
	t.Run("WebSocket", func(t *testing.T) { n := start(t, cfg); test(&scene{t}, n, n.dialWS) })
}

func newClient(tb testing.TB, conn bodyConn) *client {
	tb.Helper()
	c := &client{t: tb, io: conn}
	tb.Cleanup(conn.close)

	return c
}

type tcpBodies struct{ conn net.Conn }

func (c *tcpBodies) send(body []byte) error {
	frame := append([]byte{byte(len(body) >> 24), byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
	_, err := c.conn.Write(frame)

	return err
}

func (c *tcpBodies) receive() ([]byte, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(testTime))
	var head [4]byte
	if _, err := io.ReadFull(c.conn, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, int(head[0])<<24|int(head[1])<<16|int(head[2])<<8|int(head[3]))
	_, err := io.ReadFull(c.conn, body)

	return body, err
}

func (c *tcpBodies) close() { _ = c.conn.Close() }

type wsBodies struct{ conn *websocket.Conn }

func (c *wsBodies) send(body []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()

	return c.conn.Write(ctx, websocket.MessageBinary, body)
}

func (c *wsBodies) receive() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	defer cancel()
	kind, body, err := c.conn.Read(ctx)
	if _, closed := errors.AsType[websocket.CloseError](err); closed {
		return nil, io.EOF
	}
	if err == nil && kind != websocket.MessageBinary {
		return nil, errors.New("a text message")
	}

	return body, err
}

func (c *wsBodies) close() { _ = c.conn.CloseNow() }

func (c *client) send(f wire.Frame) {
	c.t.Helper()
	if err := c.io.send(wire.AppendBody(nil, f)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) next() wire.Frame {
	c.t.Helper()
	body, err := c.io.receive()
	if err != nil {
		c.t.Fatal(err)
	}
	f, err := wire.ParseBody(body)
	if err != nil {
		c.t.Fatal(err)
	}

	return f
}

func helloFrame(id string) wire.Frame {
	payload, err := json.Marshal(map[string]string{"token": "token of " + id, "client": "test/1"})
	if err != nil {
		panic(err)
	}

	return wire.Frame{Kind: wire.KindHello, Payload: payload}
}

func request(id uint32, cmd uint16, payload string) wire.Frame {
	return wire.Frame{Kind: wire.KindRequest, Ver: 2, Cmd: cmd, ID: id, Payload: []byte(payload)}
}

// login sends the hello and returns the welcome.
func (c *client) login(id string) wire.Welcome {
	c.t.Helper()
	c.send(helloFrame(id))

	return c.welcome(id)
}

func (c *client) welcome(id string) wire.Welcome {
	c.t.Helper()
	f := c.next()
	w, err := wire.ParseWelcome(f.Payload)
	if f.Kind != wire.KindWelcome || err != nil || w.User != id {
		c.t.Fatalf("%v %q: %v; want the welcome of %s", f.Kind, f.Payload, err, id)
	}

	return w
}

// wantEcho expects the response to request id, with this data. Pings before it are skipped.
func (c *client) wantEcho(id uint32, data string) {
	c.t.Helper()
	f := c.next()
	for f.Kind == wire.KindPing {
		f = c.next()
	}
	status, got, err := wire.ParseResponse(f.Payload)
	if f.Kind != wire.KindResponse || f.ID != id || err != nil || status != wire.StatusOK || string(got) != data {
		c.t.Fatalf("%v id %d status %d %.40q; want the response to %d, %.40q", f.Kind, f.ID, status, got, id, data)
	}
}

// wantGoodbye expects a goodbye and the end of the connection, and returns the text. What comes
// before is skipped.
func (c *client) wantGoodbye(code wire.Goodbye) string {
	c.t.Helper()
	for {
		f := c.next()
		if f.Kind != wire.KindGoodbye {
			continue
		}
		if wire.Goodbye(f.Cmd) != code {
			c.t.Fatalf("goodbye %d %q, want %d", f.Cmd, f.Payload, code)
		}
		c.wantEnd()

		return string(f.Payload)
	}
}

// wantEnd expects that the server closes without another frame.
func (c *client) wantEnd() {
	c.t.Helper()
	if body, err := c.io.receive(); !errors.Is(err, io.EOF) {
		c.t.Fatalf("%q, %v; want the end", body, err)
	}
}

func (c *client) wantAlive() {
	c.t.Helper()
	c.send(request(77, 1, "alive?"))
	c.wantEcho(77, "alive?")
}

func number(i int) string { return strconv.Itoa(i) }
