package sessions

import (
	"github.com/parley-dm/parley/internal/session"
	"github.com/parley-dm/parley/user"
)

// Of returns the engine's half of a user.
func Of(u *user.User) *session.Session { return session.Hooks.Of(u) }

// New makes the user of a connection. Lookups do not find it before Add. Sid has 32 hex digits.
func New(r *user.Registry, uid, sid string, conn session.Conn) *user.User {
	u, _ := session.Hooks.New(r, uid, sid, conn).(*user.User)

	return u
}

// Add makes a user findable and runs the OnNew callbacks. A user of the same ID must have been
// removed before. It returns false, and does nothing, if u was removed first.
func Add(r *user.Registry, u *user.User) bool { return session.Hooks.Add(r, u) }

// Remove takes u out of the registry; a newer session of the same user stays. It runs no callbacks,
// so it may be called where nothing may block: Discard must follow. It returns false if u was
// removed before.
func Remove(r *user.Registry, u *user.User) bool { return session.Hooks.Remove(r, u) }

// Discard is Remove, followed by the OnDiscard callbacks if u had been added. The callbacks run
// once, however often Discard is called.
func Discard(r *user.Registry, u *user.User, why user.Reason) {
	session.Hooks.Discard(r, u, uint8(why))
}

// Pack encodes the data of a user that can go along to a newer session. With mayBlock false it
// neither blocks nor runs functions of the program; then ok may be false, and nothing was done.
func Pack(u *user.User, mayBlock bool) (packed []byte, left []LeftBehind, ok bool) {
	return session.Hooks.Pack(u, mayBlock)
}

// Unpack gives a user the packed data of an older session. What it has under a key already stays.
func Unpack(u *user.User, packed []byte) (left []LeftBehind) { return session.Hooks.Unpack(u, packed) }

// RunOnSIDUpdate runs the OnSIDUpdate callbacks: u, which must have been added, is the newer
// session of a user whose older one had that SID.
func RunOnSIDUpdate(r *user.Registry, u *user.User, old string) {
	session.Hooks.RunOnSIDUpdate(r, u, old)
}

type (
	// Conn carries frames to one client.
	Conn = session.Conn
	// Done receives the outcome of a pushed message.
	Done = session.Done
	// HoldReason is why a client is not read from.
	HoldReason = session.HoldReason
	// LeftBehind is a value of a user's data that does not go along to a newer session.
	LeftBehind = session.LeftBehind
)

// The reasons of Conn.Hold.
const (
	HoldMessages = session.HoldMessages
	HoldCommands = session.HoldCommands
)

// Errors of a Conn. Test with errors.Is.
var (
	ErrBusy     = session.ErrBusy     // the connection's queue of outgoing bytes is full
	ErrClosed   = session.ErrClosed   // the session is over
	ErrTooLarge = session.ErrTooLarge // the message does not fit into a frame
)
