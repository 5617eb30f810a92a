package user

import (
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/session"
)

// Registry holds the users of one node. Safe for use by several goroutines.
type Registry struct {
	byUID *xsync.Map[string, *User]
	bySID *xsync.Map[string, *User]
	count atomic.Int64

	mu       sync.Mutex   // serialises the setting of callbacks
	onNew    atomic.Value // []func(*User)
	onClosed atomic.Value // []func(*User, Reason)
	onSID    atomic.Value // []func(oldSID, newSID string, u *User)
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	return &Registry{
		byUID: xsync.NewMap[string, *User](),
		bySID: xsync.NewMap[string, *User](),
	}
}

// ByUID finds the user with this ID if it is connected to this node, else nil.
func (r *Registry) ByUID(uid string) *User {
	u, _ := r.byUID.Load(uid)

	return u
}

// BySID finds the session with this SID if it is on this node, else nil.
func (r *Registry) BySID(sid string) *User {
	u, _ := r.bySID.Load(sid)

	return u
}

// Count is the number of users connected to this node.
func (r *Registry) Count() int { return int(r.count.Load()) }

// Range calls f for every user, until f returns false. Users that come or go meanwhile may be seen
// or not.
func (r *Registry) Range(f func(u *User) bool) {
	r.bySID.Range(func(_ string, u *User) bool { return f(u) })
}

// OnNew adds a callback that runs for every user that has logged in to this node, before the client
// has its welcome. A callback that blocks delays that login only. A nil callback is ignored.
func (r *Registry) OnNew(f func(u *User)) {
	if f != nil {
		addCallback(r, &r.onNew, f)
	}
}

// OnClosed adds a callback that runs, once, for every user whose session on this node is over, with
// the reason. Lookups do not find the user any more, and what is pushed to it goes nowhere. A nil
// callback is ignored.
func (r *Registry) OnClosed(f func(u *User, why Reason)) {
	if f != nil {
		addCallback(r, &r.onClosed, f)
	}
}

// OnDiscard is OnClosed in the form of the original engine: see docs/migrate.md.
func (r *Registry) OnDiscard(f func(sid string, u *User)) {
	if f != nil {
		r.OnClosed(func(u *User, _ Reason) { f(u.SID, u) })
	}
}

// OnSIDUpdate adds a callback that runs, once, for every session of this node that takes over from
// an older session of the same user, with the SIDs of both: the user was sent away by a node that
// stops and has come back here, or has logged in again while it was connected, here or elsewhere.
// It runs after the OnNew callbacks. The data that go along have come: see [RegisterType]. It runs
// before the client has its welcome, or, if the older session's node is slow to tell, a moment
// later. A nil callback is ignored.
func (r *Registry) OnSIDUpdate(f func(oldSID, newSID string, u *User)) {
	if f != nil {
		addCallback(r, &r.onSID, f)
	}
}

func addCallback[F any](r *Registry, list *atomic.Value, f F) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, _ := list.Load().([]F)
	list.Store(append(slices.Clip(old), f))
}

func (r *Registry) newUser(uid, sid string, conn session.Conn) *User {
	u := &User{ID: uid, SID: sid}
	u.session.Init(node.ParseSID(sid), conn)

	return u
}

// register is sessions.Add.
func (r *Registry) register(u *User) bool {
	if !u.session.Register() {
		return false
	}
	r.count.Add(1) // before the session can be found: deleteUser counts down what it finds
	r.bySID.Store(u.SID, u)
	r.byUID.Store(u.ID, u)
	if u.Closed() { // removed between the lines above
		r.deleteUser(u)

		return false
	}
	callbacks, _ := r.onNew.Load().([]func(*User))
	for _, f := range callbacks {
		recovered(u, func() { f(u) })
	}

	return true
}

// deleteUser takes u out of both maps, and no newer session of the same user.
func (r *Registry) deleteUser(u *User) {
	r.byUID.Compute(u.ID, func(old *User, loaded bool) (*User, xsync.ComputeOp) {
		if loaded && old == u {
			return nil, xsync.DeleteOp
		}

		return old, xsync.CancelOp
	})
	if _, had := r.bySID.LoadAndDelete(u.SID); had {
		r.count.Add(-1)
	}
}

// remove is sessions.Remove.
func (r *Registry) remove(u *User) bool {
	wasOpen, wasRegistered := u.session.EndLife()
	if wasRegistered {
		r.deleteUser(u)
		u.session.MarkDiscard()
	}

	return wasOpen
}

// discard is sessions.Discard.
func (r *Registry) discard(u *User, why Reason) {
	r.remove(u)
	if !u.session.TakeDiscard() {
		return
	}
	callbacks, _ := r.onClosed.Load().([]func(*User, Reason))
	for _, f := range callbacks {
		recovered(u, func() { f(u, why) })
	}
}

// runOnSIDUpdate is sessions.RunOnSIDUpdate.
func (r *Registry) runOnSIDUpdate(u *User, old string) {
	callbacks, _ := r.onSID.Load().([]func(string, string, *User))
	for _, f := range callbacks {
		recovered(u, func() { f(old, u.SID, u) })
	}
}

// recovered runs a callback. A panic is logged and ends that callback only.
func recovered(u *User, callback func()) {
	defer func() {
		if v := recover(); v != nil {
			slog.Error("user: a callback panicked", "user", u.ID, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	callback()
}
