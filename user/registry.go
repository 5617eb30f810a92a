package user

import (
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"
)

// Reason says why a user's session ended.
type Reason uint8

// Reasons.
const (
	Left     Reason = iota // it closed, dropped, timed out or was removed
	Replaced               // a newer login of the same user took its place: not leaving
)

// The life of a User: made, then in the registry, then gone.
const (
	stateNew uint32 = iota
	stateHere
	stateGone
)

// Gone tells whether the session is over.
func (u *User) Gone() bool { return u.state.Load() == stateGone }

// Registry holds the users of one node. Safe for use by several goroutines.
type Registry struct {
	byUID *xsync.Map[string, *User]
	bySID *xsync.Map[string, *User]
	count atomic.Int64

	mu        sync.Mutex   // serialises the setting of callbacks
	onNew     atomic.Value // []func(*User)
	onDiscard atomic.Value // []func(*User)
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	return &Registry{
		byUID: xsync.NewMap[string, *User](),
		bySID: xsync.NewMap[string, *User](),
	}
}

// New makes the user of a connection. It is found by nobody until Add.
func (r *Registry) New(uid, sid string, conn Conn) *User {
	return &User{ID: uid, SID: sid, conn: conn}
}

// Add makes u findable and runs the OnNew callbacks. A user of the same ID must have been discarded
// before. It returns false, and does nothing, if u was discarded first.
func (r *Registry) Add(u *User) bool {
	if !u.state.CompareAndSwap(stateNew, stateHere) {
		return false
	}
	r.count.Add(1)
	r.bySID.Store(u.SID, u) // counted before: remove counts down what it finds here
	r.byUID.Store(u.ID, u)
	if u.Gone() { // discarded between the lines above
		r.remove(u)

		return false
	}
	run(&r.onNew, u)

	return true
}

// remove takes u out of both maps, and no newer session of the same user.
func (r *Registry) remove(u *User) {
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

// Remove takes u, and only u, out of the registry: a newer session of the same user stays. It runs no
// callbacks, so that it may be called where nothing may block; a Discard is due. It returns false if u was gone.
func (r *Registry) Remove(u *User) bool {
	was := u.state.Swap(stateGone)
	if was == stateHere {
		r.remove(u)
		u.parted.Store(true)
	}

	return was != stateGone
}

// Discard is Remove, followed by the OnDiscard callbacks if u had been added. They run once, however often it is called.
func (r *Registry) Discard(u *User) {
	r.Remove(u)
	if u.parted.CompareAndSwap(true, false) {
		run(&r.onDiscard, u)
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

// Range calls f for every user, until f returns false. Users that come or go meanwhile may be seen or not.
func (r *Registry) Range(f func(u *User) bool) {
	r.bySID.Range(func(_ string, u *User) bool { return f(u) })
}

// OnNew adds a callback that is run for every user that has logged in to this node, before its
// client is told so. It delays that login only.
func (r *Registry) OnNew(f func(u *User)) { r.add(&r.onNew, f) }

// OnDiscard adds a callback that is run for every user whose session on this node is over. The user
// can no longer be found, and what is pushed to it goes nowhere.
func (r *Registry) OnDiscard(f func(u *User)) { r.add(&r.onDiscard, f) }

func (r *Registry) add(list *atomic.Value, f func(u *User)) {
	if f == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old, _ := list.Load().([]func(*User))
	list.Store(append(slices.Clip(old), f))
}

func run(list *atomic.Value, u *User) {
	fs, _ := list.Load().([]func(*User))
	for _, f := range fs {
		call(f, u)
	}
}

// call runs one callback. One that panics costs nobody else anything.
func call(f func(*User), u *User) {
	defer func() {
		if v := recover(); v != nil {
			slog.Error("user: a callback panicked", "user", u.ID, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	f(u)
}
