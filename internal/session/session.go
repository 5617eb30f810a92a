package session

import (
	"sync"
	"sync/atomic"

	"github.com/parley-dm/parley/internal/node"
)

// The life of a session: made, then found in the registry, then closed.
const (
	created uint32 = iota
	registered
	closed          // and was registered before
	neverRegistered // closed, and never was
)

// Session is the engine's half of a user. All methods are safe for use by several goroutines.
type Session struct {
	sid        node.SID // decoded once; of a blank user, a hash of its user ID and SID
	conn       Conn     // nil for a blank user
	state      atomic.Uint32
	discardDue atomic.Bool // the session has left the registry and OnDiscard has not run
	stamp      atomic.Uint64

	mu      sync.Mutex
	pending request // guarded by mu; the zero request: none waits for a response
}

// request identifies a client's request.
type request struct {
	id  uint32
	cmd uint16
	ver uint8
}

// Init prepares the session of a connection. It must be called before the session is used.
func (s *Session) Init(sid node.SID, conn Conn) { s.sid, s.conn = sid, conn }

// SID is the session's ID in its binary form.
func (s *Session) SID() node.SID { return s.sid }

// Blank reports whether the session has no client.
func (s *Session) Blank() bool { return s.conn == nil }

// Conn is the way to the client, nil for a blank user.
func (s *Session) Conn() Conn { return s.conn }

// Push sends a message to the client: see [Conn].
func (s *Session) Push(ver uint8, cmd uint16, message []byte, reliable bool, done Done) error {
	if s.conn == nil || s.Closed() {
		return ErrClosed
	}

	return s.conn.Push(ver, cmd, message, reliable, done)
}

// Respond answers the request with this id. With id 0, or once the session is closed, it does
// nothing.
func (s *Session) Respond(id uint32, ver uint8, cmd uint16, status uint8, data []byte, reliable bool) {
	if id == 0 || s.conn == nil || s.Closed() {
		return
	}
	_ = s.conn.Respond(id, ver, cmd, status, data, reliable)
}

// Expect notes the request that handlers are about to answer. A user's commands run one after
// another, so there is at most one. Id 0 wants no response.
func (s *Session) Expect(id uint32, ver uint8, cmd uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = request{id: id, cmd: cmd, ver: ver}
}

// TakePending returns the id of the request of this ver and cmd that waits for a response, and
// forgets it; 0 if there is none.
func (s *Session) TakePending(ver uint8, cmd uint16) (id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending.ver != ver || s.pending.cmd != cmd {
		return 0
	}
	id = s.pending.id
	s.pending = request{}

	return id
}

// Close ends the connection with a goodbye code and a text.
func (s *Session) Close(code uint16, text string) {
	if s.conn != nil {
		s.conn.Close(code, text)
	}
}

// SetStamp notes the cluster's stamp of this login, or the newest epoch that the session has used.
// Of two sessions of one user the newer has the larger stamp.
func (s *Session) SetStamp(stamp uint64) { s.stamp.Store(stamp) }

// Stamp is what SetStamp noted, 0 for a blank user.
func (s *Session) Stamp() uint64 { return s.stamp.Load() }

// Closed reports whether the session is over.
func (s *Session) Closed() bool { return s.state.Load() >= closed }

// Register moves a new session into the registry. It returns false if the session was closed first.
func (s *Session) Register() bool { return s.state.CompareAndSwap(created, registered) }

// EndLife closes the session. It reports whether the session was open, and whether it was
// registered: then MarkDiscard must follow, once the registry does not list the session any more.
func (s *Session) EndLife() (wasOpen, wasRegistered bool) {
	switch {
	case s.state.CompareAndSwap(created, neverRegistered):
		return true, false
	case s.state.CompareAndSwap(registered, closed): // it may have been registered since the line above
		return true, true
	}

	return false, false
}

// WasRegistered reports whether the session is or was in the registry.
func (s *Session) WasRegistered() bool {
	state := s.state.Load()

	return state == registered || state == closed
}

// MarkDiscard notes that the OnDiscard callbacks are due.
func (s *Session) MarkDiscard() { s.discardDue.Store(true) }

// TakeDiscard reports, once, that the OnDiscard callbacks are due.
func (s *Session) TakeDiscard() bool { return s.discardDue.CompareAndSwap(true, false) }

// Hooks are set by package user and used by package sessions only: a *user.User and a
// *user.Registry travel as any, since package user imports this one.
//
//nolint:gochecknoglobals // set once by an init function, so that public types need no exported plumbing
var Hooks struct {
	Of             func(user any) *Session
	New            func(registry any, uid, sid string, conn Conn) (user any)
	Add            func(registry, user any) bool
	Remove         func(registry, user any) bool
	Discard        func(registry, user any, why uint8)
	Pack           func(user any, mayBlock bool) (packed []byte, left []LeftBehind, ok bool)
	Unpack         func(user any, packed []byte) (left []LeftBehind)
	RunOnSIDUpdate func(registry, user any, old string)
}

// LeftBehind is a value of a user's data that does not go along to a newer session.
type LeftBehind struct {
	Key  string
	Type string // "" if it is not known
	Err  error
}
