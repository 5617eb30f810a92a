package bench

import (
	"fmt"
	"strconv"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/wire"
)

const (
	tokenLife = time.Hour
	maxBody   = wire.DefaultMaxMessage + wire.FrameRoom
)

// parleyProtocol is Parley's, by TCP or WebSocket.
type parleyProtocol struct {
	key       auth.Key
	prefix    string // of user IDs, so that two runs do not log each other's users out
	webSocket bool
	responses bool
	limited   bool // users have the node's default limits; otherwise none
}

func (p *parleyProtocol) userID(user uint32) string {
	return p.prefix + strconv.FormatUint(uint64(user), 10)
}

func (p *parleyProtocol) asyncRouting() bool { return false }

func (p *parleyProtocol) login(c *conn, user uint32) error {
	identity := auth.Identity{UserID: p.userID(user), ExpiresAt: time.Now().Add(tokenLife)}
	if unlimited := (auth.Rate{Set: true}); !p.limited {
		identity.RateMessages, identity.RateBytes = unlimited, unlimited
	}
	token, err := p.key.MintFor(identity)
	if err != nil {
		return err
	}
	if p.webSocket {
		if err := upgrade(c, "/ws", wire.Subprotocol); err != nil {
			return err
		}
	}
	hello := wire.Hello{Token: token, Client: "parley-bench"}.Append(nil)
	if err := c.write(p.frame(wire.Frame{Kind: wire.KindHello, Payload: hello})); err != nil {
		return err
	}
	for {
		if body, n, _, err := p.split(c.buf[c.r:c.w]); err != nil {
			return err
		} else if n > 0 {
			c.r += n

			return parseWelcome(body)
		}
		if err := c.fill(); err != nil {
			return fmt.Errorf("no welcome: %w", err)
		}
	}
}

func parseWelcome(body []byte) error {
	f, err := wire.ParseBody(body)
	switch {
	case err != nil:
		return err
	case f.Kind == wire.KindGoodbye:
		return goodbyeError(f)
	case f.Kind != wire.KindWelcome:
		return fmt.Errorf("a %s instead of a welcome", f.Kind)
	}

	return nil
}

func goodbyeError(f wire.Frame) error {
	return fmt.Errorf("the server says goodbye %d (%s) %q", f.Cmd, wire.Goodbye(f.Cmd), f.Payload)
}

func (p *parleyProtocol) message(to uint32, size int) template {
	payload := wire.AppendPeer(nil, p.userID(to))
	head := len(payload)
	payload = append(payload, make([]byte, size)...)
	f := wire.Frame{Kind: wire.KindRequest, Ver: wire.EngineVer, Cmd: wire.CommandSend, Payload: payload}
	if p.responses {
		f.ID = 1
	}
	t := template{frame: p.frame(f)}
	t.payload = len(t.frame) - len(payload) + head
	if p.responses {
		t.id = len(t.frame) - len(payload) - 4 //nolint:mnd // the id is the last of the header
	}

	return t
}

func (p *parleyProtocol) next(buf []byte) (event, int, error) {
	body, n, reply, err := p.split(buf)
	if err != nil || n == 0 || body == nil {
		return event{reply: reply}, n, err
	}
	f, err := wire.ParseBody(body)
	if err != nil {
		return event{}, n, err
	}
	switch f.Kind { //nolint:exhaustive // servers send no others
	case wire.KindPush:
		return parsePush(f, n)
	case wire.KindPing:
		return event{reply: p.frame(wire.Frame{Kind: wire.KindPong, ID: f.ID})}, n, nil
	case wire.KindResponse:
		return event{response: true}, n, parseResponse(f.Payload)
	case wire.KindGoodbye:
		return event{}, n, goodbyeError(f)
	}

	return event{}, n, nil
}

// parsePush reads a push: a message, or a peer's disconnect.
func parsePush(f wire.Frame, n int) (event, int, error) {
	if f.Ver != wire.EngineVer || f.Cmd != wire.CommandSend && f.Cmd != wire.CommandDisconnect {
		return event{}, n, nil
	}
	peer, message, err := wire.ParsePeer(f.Payload)
	switch {
	case f.Cmd == wire.CommandSend:
		return event{payload: message}, n, err
	case len(message) > 0: // a disconnect with a last message, which does not count as a notice
		return event{}, n, err
	}

	return event{disconnected: peer}, n, err
}

func parseResponse(payload []byte) error {
	status, data, err := wire.ParseResponse(payload)
	if err != nil || status == wire.StatusOK {
		return err
	}
	code, text, err := wire.ParseError(data)
	if err != nil {
		return err
	}

	return &wire.Error{Code: code, Text: text, Status: status}
}

func (p *parleyProtocol) frame(f wire.Frame) []byte {
	if p.webSocket {
		return webSocketFrame(opBinary, wire.AppendBody(nil, f))
	}

	return wire.AppendFrame(nil, f)
}

// split finds the first body. A control frame of WebSocket has none, and perhaps a reply.
func (p *parleyProtocol) split(buf []byte) (body []byte, n int, reply []byte, err error) {
	if p.webSocket {
		return splitWebSocket(buf, opBinary)
	}
	body, n, err = wire.Split(buf, maxBody)

	return body, n, nil, err
}

// notFound reports whether the error is the response "user not found".
func notFound(err error) bool { return wire.CodeOf(err) == wire.CodeUserNotFound }
