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

type (
	// Conn carries frames to one client.
	Conn = session.Conn
	// Done receives the outcome of a pushed message.
	Done = session.Done
	// HoldReason is why a client is not read from.
	HoldReason = session.HoldReason
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
