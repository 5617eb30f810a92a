package user

import (
	"errors"
	"sync"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/session"
)

// ErrBadID is what CheckID's errors wrap.
var ErrBadID = errors.New("not a user ID")

// goodbyeRemoved is the wire's goodbye code of a client that the server sent away for good.
const goodbyeRemoved = 2005

// User is one session of one user. A user made by [CreateBlankUser] has no client: what is pushed
// to it goes nowhere.
//
// All methods are safe for use by several goroutines.
type User struct {
	ID  string // the user ID; never changes
	SID string // the session's ID, 32 hex digits; never changes

	session session.Session

	mu   sync.Mutex
	data map[string]any // guarded by mu; nil until something is set
}

// CreateBlankUser makes a user that has no client, for server code that sends messages in the name
// of a user ID of its own. No registry lists it, and it needs no end: what it holds is gone once
// its messages have their outcomes. Any number of nodes may make users of one ID, also of the ID of
// a connected user. An empty sid gets a fresh one. Messages to one recipient are in order for each
// node, sid and uid.
func CreateBlankUser(sid, uid string) *User {
	if sid == "" {
		sid = NewSID()
	}
	u := &User{ID: uid, SID: sid}
	u.session.Init(node.HashSID(uid+"\x00"+sid), nil)

	return u
}

// ServerPush sends a message to the user's client that no request asked for. With reliable false it
// may travel in a way that can lose it, where the connection has one (QUIC datagrams). A message is
// dropped if the session is over or its queue is full. Message may be reused when the call returns.
func (u *User) ServerPush(ver uint8, cmd uint16, message []byte, reliable bool) {
	_ = u.session.Push(ver, cmd, message, reliable, nil)
}

// ServerRespond answers the request of this ver and cmd that a handler is working on. Status is 1
// for success, 4 for a request that was wrong, 5 for a failure. If no such request waits for a
// response, nothing is sent: a request gets exactly one. Message may be reused when the call
// returns.
func (u *User) ServerRespond(message []byte, ver uint8, cmd uint16, status uint8, reliable bool) {
	u.session.Respond(u.session.TakePending(ver, cmd), ver, cmd, status, message, reliable)
}

// Disconnect sends the client away (goodbye 2005): it does not come back by itself. The session
// ends with [Removed].
func (u *User) Disconnect() { u.session.Close(goodbyeRemoved, "removed by the server") }

// GetClientAddr is the network address of the user's client, "" for a blank user.
func (u *User) GetClientAddr() string {
	if u.IsBlank() {
		return ""
	}

	return u.session.Conn().Addr()
}

// IsBlank reports whether the user was made by CreateBlankUser.
func (u *User) IsBlank() bool { return u.session.Blank() }

// Closed reports whether the user's session on this node is over: what is pushed to it goes
// nowhere.
func (u *User) Closed() bool { return u.session.Closed() }
