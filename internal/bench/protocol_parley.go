package bench

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/wire"
)

const (
	cmdGone = 700 // a peer is gone
	cmdSend = 701
	verSend = 1 // of both

	tokenLife = time.Hour
	maxBody   = wire.DefaultMaxMessage + wire.FrameRoom
)

// parleyProtocol is Parley's, by TCP or WebSocket.
type parleyProtocol struct {
	key       auth.Key
	prefix    string // of user IDs, so that two runs do not log each other's users out
	webSocket bool
	ack       bool
}

func (p *parleyProtocol) name(user uint32) string {
	return p.prefix + strconv.FormatUint(uint64(user), 10)
}

func (p *parleyProtocol) unsure() bool { return false }

func (p *parleyProtocol) login(l *line, user uint32) error {
	token, err := p.key.Mint(p.name(user), tokenLife)
	if err != nil {
		return err
	}
	if p.webSocket {
		if err := upgrade(l, "/ws", wire.Subprotocol); err != nil {
			return err
		}
	}
	hello := wire.Hello{Token: token, Client: "parley-bench"}.Append(nil)
	if err := l.write(p.frame(wire.Frame{Kind: wire.KindHello, Payload: hello})); err != nil {
		return err
	}
	for {
		if body, n, _, err := p.split(l.in[l.r:l.w]); err != nil {
			return err
		} else if n > 0 {
			l.r += n

			return welcomed(body)
		}
		if err := l.fill(); err != nil {
			return fmt.Errorf("no welcome: %w", err)
		}
	}
}

func welcomed(body []byte) error {
	f, err := wire.ParseBody(body)
	switch {
	case err != nil:
		return err
	case f.Kind == wire.KindGoodbye:
		return goodbye(f)
	case f.Kind != wire.KindWelcome:
		return fmt.Errorf("a %s instead of a welcome", f.Kind)
	}

	return nil
}

func goodbye(f wire.Frame) error {
	return fmt.Errorf("the server says goodbye %d (%s) %q", f.Cmd, wire.Goodbye(f.Cmd), f.Payload)
}

func (p *parleyProtocol) message(to uint32, size int) template {
	payload := wire.AppendPeer(nil, p.name(to))
	head := len(payload)
	payload = append(payload, make([]byte, size)...)
	f := wire.Frame{Kind: wire.KindRequest, Ver: verSend, Cmd: cmdSend, Payload: payload}
	if p.ack {
		f.ID = 1
	}
	t := template{frame: p.frame(f)}
	t.payload = len(t.frame) - len(payload) + head
	if p.ack {
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
		return pushed(f, n)
	case wire.KindPing:
		return event{reply: p.frame(wire.Frame{Kind: wire.KindPong, ID: f.ID})}, n, nil
	case wire.KindResponse:
		return event{response: true}, n, responded(f.Payload)
	case wire.KindGoodbye:
		return event{}, n, goodbye(f)
	}

	return event{}, n, nil
}

// pushed is a message, or word that a peer is gone.
func pushed(f wire.Frame, n int) (event, int, error) {
	if f.Ver != verSend || f.Cmd != cmdSend && f.Cmd != cmdGone {
		return event{}, n, nil
	}
	peer, message, err := wire.ParsePeer(f.Payload)
	switch {
	case f.Cmd == cmdSend:
		return event{payload: message}, n, err
	case len(message) > 0: // a farewell, which ends no channel in silence
		return event{}, n, err
	}

	return event{gone: peer}, n, err
}

// refused is a response that is no success.
type refused struct {
	code wire.Code
	text string
}

func (r *refused) Error() string {
	return fmt.Sprintf("the server refuses a message: %d %s (%s)", r.code, r.code, r.text)
}

func responded(payload []byte) error {
	status, data, err := wire.ParseResponse(payload)
	if err != nil || status == wire.StatusOK {
		return err
	}
	code, text, err := wire.ParseError(data)
	if err != nil {
		return err
	}

	return &refused{code, text}
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

// notFound tells whether the error is the answer to a message to nobody.
func notFound(err error) bool {
	r, ok := errors.AsType[*refused](err)

	return ok && r.code == wire.CodeUserNotFound
}
