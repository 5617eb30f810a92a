package dm

import (
	"errors"
	"sync"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// exposeCommands sets the engine's own commands: a client sends (701), disconnects (700) and connects (702) by itself.
func (m *Module) exposeCommands(r *command.Router) {
	r.Builtin(engineVer, cmdSend, m.commandSend)
	r.Builtin(engineVer, cmdDisconnect, m.commandDisconnect)
	r.Builtin(engineVer, cmdConnect, m.commandConnect)
}

var errNoPeer = errors.New("the payload must begin with the peer: one byte of length, then that many bytes of user ID")

// parsePeer takes the peer's user ID off the front of a payload.
func parsePeer(payload []byte) (peer, rest []byte, err error) {
	if len(payload) == 0 || payload[0] == 0 || len(payload) < 1+int(payload[0]) {
		return nil, nil, errNoPeer
	}

	return payload[1 : 1+int(payload[0])], payload[1+int(payload[0]):], nil
}

func (m *Module) commandSend(req command.Request) { m.command(req, channel.Message) }

func (m *Module) commandConnect(req command.Request) { m.command(req, channel.Connect) }

func (m *Module) command(req command.Request, kind channel.Kind) {
	peer, msg, err := parsePeer(req.Payload)
	if err != nil {
		req.Refuse(wire.CodeMalformed, err.Error())

		return
	}
	if err := m.refusal(kind, msg); err != nil {
		m.refuse(string(peer), newRequester(req), err)

		return
	}
	p := m.party(req.User)
	pr := p.peers[string(peer)]
	if pr == nil {
		to := string(peer)
		if err := user.CheckID(to); err != nil {
			p.tidySelf()
			p.unlock()
			req.Refuse(wire.CodeMalformed, err.Error())

			return
		}
		pr = p.peer(to)
	}
	p.queue(pr, kind, req.Ver, req.Cmd, msg, newRequester(req))
}

func (m *Module) commandDisconnect(req command.Request) {
	peer, msg, err := parsePeer(req.Payload)
	switch {
	case err != nil:
		req.Refuse(wire.CodeMalformed, err.Error())
	case user.CheckID(string(peer)) != nil:
		req.Refuse(wire.CodeMalformed, user.CheckID(string(peer)).Error())
	case len(msg) > m.settings.MaxMessageSize:
		req.Refuse(wire.CodeTooLarge, ErrMessageTooLarge.Error())
	default:
		m.disconnect(req.User, string(peer), Message{engineVer, cmdDisconnect, msg}, nil)
		req.Answer(wire.StatusOK, nil)
	}
}

// requester is a client that waits for the response to its command.
type requester struct{ req command.Request }

var requesters = sync.Pool{New: func() any { return new(requester) }}

// newRequester returns nil if the client wants no response.
func newRequester(req command.Request) completion {
	if req.ID == 0 {
		return nil
	}
	r := requesters.Get().(*requester) //nolint:forcetypeassert // the pool's New
	req.Payload = nil
	r.req = req

	return r
}

func (r *requester) completed(_ *party, _ string, _ channel.Outcome, err error) {
	req := r.req
	r.req = command.Request{}
	requesters.Put(r)
	if err == nil {
		req.Answer(wire.StatusOK, nil)
	} else {
		req.Refuse(faultOf(err), err.Error())
	}
}
