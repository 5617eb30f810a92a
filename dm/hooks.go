package dm

import (
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/parley-dm/parley/user"
)

type (
	receiveHook    = func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) bool
	messageHook    = func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) []byte
	disconnectHook = func(disconnectedUserData *user.User, peerUserID string) []byte
	clearHook      = func(clearedUserID string, userData *user.User)
)

// hooks are the callbacks that an application has set. They are frozen when the node starts, and read without a lock from then on.
type hooks struct {
	log *slog.Logger

	mu     sync.Mutex // serialises setting
	frozen bool       // guarded by mu

	receive    []receiveHook
	message    []messageHook
	disconnect []disconnectHook
	cleared    []clearHook

	panics atomic.Uint64
}

// set adds f to one of the lists unless it is nil or the node has started.
func set[F any](h *hooks, name string, isNil bool, list *[]F, f F) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case isNil:
		h.log.Warn("dm: the callback is nil and was not set", "function", name)
	case h.frozen:
		h.log.Warn("dm: callbacks must be set before the node starts; this one was not set", "function", name)
	default:
		*list = append(*list, f)

		return true
	}

	return false
}

func (h *hooks) freeze(log *slog.Logger) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log, h.frozen = log, true
}

// SetOnReceiveMessage adds a callback that is asked, at the recipient's node, whether the recipient takes a message. The
// message is delivered only if all such callbacks return true. Message is the callback's until it returns.
// It returns false, and changes nothing, if cb is nil or the node has started.
func (m *Module) SetOnReceiveMessage(cb receiveHook) bool {
	return set(&m.hooks, "SetOnReceiveMessage", cb == nil, &m.hooks.receive, cb)
}

// SetOnMessage adds a callback that may change a message, at the recipient's node, just before it is sent to the recipient's
// client. Each sees what the one before it made: nil keeps the message, an empty non-nil slice drops it, anything else takes its
// place. Message is the callback's until it returns; what it returns must stay unchanged until the next callback has
// returned. It returns false, and changes nothing, if cb is nil or the node has started.
func (m *Module) SetOnMessage(cb messageHook) bool {
	return set(&m.hooks, "SetOnMessage", cb == nil, &m.hooks.message, cb)
}

// SetOnUserDisconnect adds a callback that makes, when a user leaves, the last message for each user it has a channel with. The
// last callback that returns non-nil wins. A message that is not empty is pushed to the peer as ver 1 cmd 700;
// without one the peer's node runs its SetOnClearCache callbacks. It returns false, and changes nothing, if cb is nil or
// the node has started.
func (m *Module) SetOnUserDisconnect(cb disconnectHook) bool {
	return set(&m.hooks, "SetOnUserDisconnect", cb == nil, &m.hooks.disconnect, cb)
}

// SetOnClearCache adds a callback that is told when a channel has ended without a last message for the one who stayed: userData is that
// user, clearedUserID the one who left. Nil, or once the node has started, it changes nothing and is logged.
func (m *Module) SetOnClearCache(cb clearHook) {
	set(&m.hooks, "SetOnClearCache", cb == nil, &m.hooks.cleared, cb)
}

// quick tells whether a message passes no callback.
func (h *hooks) quick() bool { return len(h.receive) == 0 && len(h.message) == 0 }

// accepts asks the receive callbacks. A panic is not an answer: ok is false.
func (h *hooks) accepts(d *delivery, ver uint8, cmd uint16, msg []byte) (yes, ok bool) {
	defer func() { h.caught("SetOnReceiveMessage", recover(), &ok) }()
	for _, f := range h.receive {
		if !f(ver, cmd, msg, d.from, d.p.user) {
			return false, true
		}
	}

	return true, true
}

// rewrite runs the message callbacks.
func (h *hooks) rewrite(d *delivery, msg []byte) (out []byte, ok bool) {
	defer func() { h.caught("SetOnMessage", recover(), &ok) }()
	for _, f := range h.message {
		if made := f(d.ver, d.cmd, msg, d.from, d.p.user); made != nil {
			msg = made
		}
	}

	return msg, true
}

// farewell makes the last message of a user who leaves, for one peer.
func (h *hooks) farewell(u *user.User, peer string) (msg []byte) {
	for _, f := range h.disconnect {
		if made := h.oneFarewell(f, u, peer); made != nil {
			msg = made
		}
	}

	return msg
}

func (h *hooks) oneFarewell(f disconnectHook, u *user.User, peer string) []byte {
	var ok bool
	defer func() { h.caught("SetOnUserDisconnect", recover(), &ok) }()

	return f(u, peer)
}

// clear tells the clear callbacks, each for itself.
func (h *hooks) clear(gone string, stayer *user.User) {
	for _, f := range h.cleared {
		h.oneClear(f, gone, stayer)
	}
}

func (h *hooks) oneClear(f clearHook, gone string, stayer *user.User) {
	var ok bool
	defer func() { h.caught("SetOnClearCache", recover(), &ok) }()
	f(gone, stayer)
}

// caught logs and counts a callback's panic, and makes ok false.
func (h *hooks) caught(name string, v any, ok *bool) {
	if v != nil {
		*ok = false
		h.panics.Add(1)
		h.log.Error("dm: a callback panicked", "callback", name, "panic", v, "stack", string(debug.Stack()))
	}
}
