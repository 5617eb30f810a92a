package command

import (
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// Request is one command of one user.
type Request struct {
	User    *user.User
	ID      uint32 // 0: the client wants no response
	Ver     uint8
	Cmd     uint16
	Payload []byte
}

// Answer responds to the request. Where the client wants no response it does nothing.
func (r Request) Answer(status wire.Status, data []byte) {
	sessions.Of(r.User).Respond(r.ID, r.Ver, r.Cmd, uint8(status), data, true)
}

// Refuse responds that the request failed, and why.
func (r Request) Refuse(code wire.Code, text string) {
	if r.ID != 0 {
		r.Answer(code.Status(), wire.AppendErrorData(nil, code, text))
	}
}
