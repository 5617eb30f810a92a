package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/wire"
)

// messages is WebSocket: each binary message one body.
type messages struct {
	ws   *websocket.Conn
	base *cork
	buf  []byte // the message last read
}

func openMessages(ctx context.Context, a address, cfg *config) (transport, error) {
	var base *cork
	web := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := cfg.dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			base = &cork{Conn: nc}

			return base, nil
		},
	}
	if a.secure {
		conf := tlsConfig(a, cfg)
		conf.NextProtos = []string{"http/1.1"}
		web.TLSClientConfig = conf
	}
	defer web.CloseIdleConnections() // of a handshake that failed

	ws, _, err := websocket.Dial(ctx, a.url, &websocket.DialOptions{ //nolint:bodyclose // Dial closes it
		HTTPClient:   &http.Client{Transport: web},
		Subprotocols: []string{wire.Subprotocol},
	})
	if err != nil {
		return nil, err
	}
	m := &messages{ws: ws, base: base, buf: make([]byte, 4096)}
	if got := ws.Subprotocol(); got != wire.Subprotocol {
		m.close()

		return nil, fmt.Errorf("server speaks WebSocket subprotocol %q, want %q", got, wire.Subprotocol)
	}
	m.limit(wire.DefaultMaxMessage + wire.FrameRoom)

	return m, nil
}

func (m *messages) limit(maxBody int) { m.ws.SetReadLimit(int64(maxBody)) }

func (m *messages) next() (wire.Frame, error) {
	kind, in, err := m.ws.Reader(context.Background()) // close ends it
	if err != nil {
		return wire.Frame{}, err
	}
	if kind != websocket.MessageBinary {
		return wire.Frame{}, fmt.Errorf("%w: a WebSocket text message", ErrProtocol)
	}
	n := 0
	for {
		if n == len(m.buf) {
			m.buf = append(m.buf, make([]byte, len(m.buf))...)
		}
		k, err := in.Read(m.buf[n:])
		n += k
		switch {
		case err == io.EOF:
			return wire.ParseBody(m.buf[:n])
		case errors.Is(err, websocket.ErrMessageTooBig):
			return wire.Frame{}, wire.ErrFrameTooLong
		case err != nil:
			return wire.Frame{}, err
		}
	}
}

// NonBlocking implements netio.Stream: the library waits.
func (m *messages) NonBlocking() bool { return false }

// TryWrite implements netio.Stream.
func (m *messages) TryWrite([]byte) (int, error) { return 0, nil }

// Write implements netio.Stream. It makes a message of each frame, and one system call of them all.
func (m *messages) Write(frames []byte, _ time.Duration) (int, error) {
	m.base.hold()
	for rest := frames; len(rest) > 0; {
		body, n, err := wire.Split(rest, len(rest))
		if err != nil || n == 0 {
			panic("client: the outbox holds something that is no frame")
		}
		if err := m.ws.Write(context.Background(), websocket.MessageBinary, body); err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	if err := m.base.release(); err != nil {
		return 0, err
	}

	return len(frames), nil
}

// closeWrite sends a close frame and waits for the server's, at most some seconds; the reading
// goroutine reads on meanwhile.
func (m *messages) closeWrite() { _ = m.ws.Close(websocket.StatusNormalClosure, "") }

// close takes the network connection away beneath the WebSocket, which then has nothing to wait
// for.
func (m *messages) close() {
	m.base.Close()
	_ = m.ws.CloseNow()
}
