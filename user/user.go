package user

import (
	"errors"
	"sync"
	"sync/atomic"
)

// ErrBadID is what CheckID's errors wrap.
var ErrBadID = errors.New("not a user ID")

// goodbyeRemoved is the wire's goodbye code of a client that the server sent away for good.
const goodbyeRemoved = 2005

// maxUnanswered bounds what a user remembers of requests that no handler has answered: beyond it the
// oldest is forgotten.
const maxUnanswered = 256

// User is one session of one user. A user made by [CreateBlankUser] has no client: what is pushed to
// it goes nowhere.
//
// All methods are safe for use by several goroutines.
type User struct {
	ID  string // the user ID; never changes
	SID string // the session's ID, 32 hex digits; never changes

	conn   Conn // nil for a blank user
	state  atomic.Uint32
	parted atomic.Bool // it has left the registry, and OnDiscard has not been told
	login  atomic.Uint64

	mu         sync.Mutex
	data       map[string]any // guarded by mu; nil until something is set
	unanswered []request      // guarded by mu; oldest first
}

// request is what it takes to answer a client's request.
type request struct {
	id  uint32 // 0: no answer is wanted
	cmd uint16
	ver uint8
}

// CreateBlankUser makes a user that has no client, for server code that sends messages in the name of
// a user ID of its own. It is in no registry. An empty sid gets a fresh one.
func CreateBlankUser(sid, uid string) *User {
	if sid == "" {
		sid = NewSID()
	}

	return &User{ID: uid, SID: sid}
}

// ServerPush sends a message to the user's client that no request asked for. With reliable false it
// may travel in a way that can lose it, where the connection has one (QUIC datagrams). A message that
// cannot be sent, because the session is over or its queue is full, is dropped: use [User.Push] to learn of it.
func (u *User) ServerPush(ver uint8, cmd uint16, message []byte, reliable bool) {
	_ = u.Push(ver, cmd, message, reliable, nil)
}

// Push is ServerPush with an outcome: see [Conn].
func (u *User) Push(ver uint8, cmd uint16, message []byte, reliable bool, done Done) error {
	if u.conn == nil || u.Gone() {
		return ErrGone
	}

	return u.conn.Push(ver, cmd, message, reliable, done)
}

// ServerRespond answers the oldest unanswered request of this ver and cmd. Status is 1 for success, 4 for a request that was
// wrong, 5 for a failure. If no such request waits for an answer, nothing is sent.
func (u *User) ServerRespond(message []byte, ver uint8, cmd uint16, status uint8, reliable bool) {
	if id, ok := u.take(ver, cmd); ok {
		u.Answer(id, ver, cmd, status, message, reliable)
	}
}

// Answer answers the request with this id, which the engine knows of by itself.
func (u *User) Answer(id uint32, ver uint8, cmd uint16, status uint8, message []byte, reliable bool) {
	if id == 0 || u.conn == nil || u.Gone() {
		return
	}
	_ = u.conn.Respond(id, ver, cmd, status, message, reliable)
}

// Expect remembers a request that ServerRespond may answer. Package command calls it before the handlers.
func (u *User) Expect(id uint32, ver uint8, cmd uint16) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.unanswered) >= maxUnanswered {
		u.unanswered = append(u.unanswered[:0], u.unanswered[1:]...)
	}
	u.unanswered = append(u.unanswered, request{id: id, cmd: cmd, ver: ver})
}

// Settle forgets the request if it is still unanswered, and tells whether it was. Package command calls it after the handlers.
func (u *User) Settle(id uint32, ver uint8, cmd uint16) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, r := range u.unanswered {
		if r == (request{id: id, cmd: cmd, ver: ver}) {
			u.unanswered = append(u.unanswered[:i], u.unanswered[i+1:]...)

			return true
		}
	}

	return false
}

func (u *User) take(ver uint8, cmd uint16) (uint32, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, r := range u.unanswered {
		if r.ver == ver && r.cmd == cmd {
			u.unanswered = append(u.unanswered[:i], u.unanswered[i+1:]...)

			return r.id, true
		}
	}

	return 0, false
}

// Disconnect sends the client away (goodbye 2005): it does not come back by itself.
func (u *User) Disconnect() { u.Close(goodbyeRemoved, "removed by the server") }

// Close ends the user's connection with a goodbye code and a text that the client is told.
func (u *User) Close(code uint16, text string) {
	if u.conn != nil {
		u.conn.Close(code, text)
	}
}

// GetClientAddr is the network address of the user's client, "" for a blank user.
func (u *User) GetClientAddr() string {
	if u.conn == nil {
		return ""
	}

	return u.conn.Addr()
}

// GetClientTransport is "tcp", "tls", "ws", "wss" or "quic", "" for a blank user.
func (u *User) GetClientTransport() string {
	if u.conn == nil {
		return ""
	}

	return u.conn.Transport()
}

// SetLogin notes the cluster's stamp of this login, or how far what the session sends has counted on from there: of two sessions of one
// user, the newer has the larger one. The engine calls it.
func (u *User) SetLogin(stamp uint64) { u.login.Store(stamp) }

// Login is what SetLogin noted, 0 for a blank user.
func (u *User) Login() uint64 { return u.login.Load() }

// IsBlank tells whether the user was made by CreateBlankUser.
func (u *User) IsBlank() bool { return u.conn == nil }
