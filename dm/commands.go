package dm

import (
	"errors"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/user"
)

// exposeCommands sets the engine's own commands: a client sends (701), disconnects (700) and connects (702) by itself.
func (m *Module) exposeCommands(r *command.Router) {
	r.Builtin(engineVer, cmdSend, m.commandSend)
	r.Builtin(engineVer, cmdDisconnect, m.commandDisconnect)
	r.Builtin(engineVer, cmdConnect, m.commandConnect)
}

var errNoPeer = errors.New("the payload must begin with the peer: one byte of length, then that many bytes of user ID")

// parsePeer takes the peer's user ID off the front of a payload.
func parsePeer(payload []byte) (peer string, rest []byte, err error) {
	if len(payload) == 0 || payload[0] == 0 || len(payload) < 1+int(payload[0]) {
		return "", nil, errNoPeer
	}
	peer, rest = string(payload[1:1+int(payload[0])]), payload[1+int(payload[0]):]

	return peer, rest, user.CheckID(peer)
}

func (m *Module) commandSend(req command.Request) { m.command(req, channel.Message) }

func (m *Module) commandConnect(req command.Request) { m.command(req, channel.Connect) }

func (m *Module) command(req command.Request, kind channel.Kind) {
	peer, msg, err := parsePeer(req.Payload)
	if err != nil {
		req.Refuse(command.Malformed, err.Error())

		return
	}
	var c completion
	if req.ID != 0 {
		c = &requester{req: command.Request{User: req.User, ID: req.ID, Ver: req.Ver, Cmd: req.Cmd}}
	}
	m.send(req.User, peer, kind, req.Ver, req.Cmd, msg, c)
}

func (m *Module) commandDisconnect(req command.Request) {
	peer, msg, err := parsePeer(req.Payload)
	switch {
	case err != nil:
		req.Refuse(command.Malformed, err.Error())
	case len(msg) > m.settings.MaxMessageSize:
		req.Refuse(command.TooLarge, ErrMessageTooLarge.Error())
	default:
		m.disconnect(req.User, peer, Message{engineVer, cmdDisconnect, msg}, nil)
		req.Answer(command.StatusOK, nil)
	}
}

// requester is a client that waits for the response to its command.
type requester struct{ req command.Request }

func (r *requester) completed(_ *party, _ string, _ channel.Outcome, err error) {
	if err == nil {
		r.req.Answer(command.StatusOK, nil)
	} else {
		r.req.Refuse(faultOf(err), err.Error())
	}
}
