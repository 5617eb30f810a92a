package runtime

import (
	"context"
	"errors"
	"sync"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// exposeCommands sets the engine's own commands: a client sends (701), disconnects (700) and
// connects (702) by itself.
func (m *Runtime) exposeCommands(r *command.Router) {
	r.Builtin(wire.EngineVer, wire.CommandSend, m.commandSend)
	r.Builtin(wire.EngineVer, wire.CommandDisconnect, m.commandDisconnect)
	r.Builtin(wire.EngineVer, wire.CommandConnect, m.commandConnect)
}

var errNoPeer = errors.New("the payload must begin with the peer: one byte of length, then that many bytes of user ID")

func (m *Runtime) commandSend(req command.Request) { m.command(req, core.Message) }

func (m *Runtime) commandConnect(req command.Request) { m.command(req, core.Connect) }

func (m *Runtime) command(req command.Request, kind core.Kind) {
	peer, msg, err := wire.ParsePeer(req.Payload)
	if err != nil {
		req.Refuse(wire.CodeMalformed, errNoPeer.Error())

		return
	}
	if m.refusal(kind, "", msg) != nil {
		m.refuse(newRequester(req), m.refusal(kind, string(peer), msg)) // once more, with the name

		return
	}
	s := m.lockSession(req.User)
	conv := s.core.With(peer)
	if conv == nil {
		to := string(peer)
		if user.CheckID(to) != nil {
			s.endEvent()
			m.refuse(newRequester(req), badUserID(to))

			return
		}
		conv = s.core.Conversation(to)
	}
	c := newRequester(req)
	err = s.queue(context.Background(), conv, kind, req.Ver, req.Cmd, msg, c)
	s.holdClient(conv)
	s.endEvent()
	if err != nil {
		m.refuse(c, err)
	}
}

func (m *Runtime) commandDisconnect(req command.Request) {
	peer, msg, err := wire.ParsePeer(req.Payload)
	switch {
	case err != nil:
		req.Refuse(wire.CodeMalformed, errNoPeer.Error())
	case user.CheckID(string(peer)) != nil:
		req.Refuse(wire.CodeMalformed, badUserID(string(peer)).Error())
	case len(msg) > m.settings.MaxMessageSize:
		req.Refuse(wire.CodeTooLarge, codeError(wire.CodeTooLarge, string(peer)).Error())
	default:
		m.disconnect(req.User, string(peer), wire.EngineVer, wire.CommandDisconnect, msg, nil)
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

// receipts are the data of responses, by outcome.
var receipts = [core.Outcomes][]byte{
	core.Delivered: wire.AppendReceipt(nil, wire.Receipt{Result: wire.Delivered}),
	core.Declined:  wire.AppendReceipt(nil, wire.Receipt{Result: wire.Declined}),
	core.Dropped:   wire.AppendReceipt(nil, wire.Receipt{Result: wire.Dropped}),
}

func (r *requester) completed(_ *session, o core.Outcome, err error) {
	req := r.req
	r.req = command.Request{}
	requesters.Put(r)
	if err == nil {
		req.Answer(wire.StatusOK, receipts[o])
	} else {
		req.Refuse(wire.CodeOf(err), err.Error())
	}
}
