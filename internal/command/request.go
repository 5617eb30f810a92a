package command

import "github.com/parley-dm/parley/user"

// Request is one command of one user.
type Request struct {
	User    *user.User
	ID      uint32 // 0: the client wants no response
	Ver     uint8
	Cmd     uint16
	Payload []byte
}

// Answer responds to the request. Where the client wants no response it does nothing.
func (r Request) Answer(status uint8, data []byte) {
	r.User.Answer(r.ID, r.Ver, r.Cmd, status, data, true)
}

// Refuse responds that the request failed, and why.
func (r Request) Refuse(f Fault, text string) {
	if r.ID != 0 {
		r.Answer(f.Status(), f.Append(nil, text))
	}
}
