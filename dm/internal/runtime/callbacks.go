package runtime

import (
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/user"
)

type (
	// ReceiveCallback is dm.ReceiveCallback.
	ReceiveCallback = func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) bool
	// MessageCallback is dm.MessageCallback.
	MessageCallback = func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) []byte
	// DisconnectCallback is dm.DisconnectCallback.
	DisconnectCallback = func(disconnectedUserData *user.User, peerUserID string) []byte
	// ClearCallback is dm.ClearCallback.
	ClearCallback = func(clearedUserID string, userData *user.User)
)

// callbacks are the callbacks that an application has set. They are frozen when the node starts,
// and read without a lock from then on.
type callbacks struct {
	log *slog.Logger

	mu     sync.Mutex // serialises setting
	frozen bool       // guarded by mu

	receive    []ReceiveCallback
	message    []MessageCallback
	disconnect []DisconnectCallback
	cleared    []ClearCallback

	panics atomic.Uint64
	time   *latency.Histogram // of the receive and message callbacks
}

// add adds f to one of the lists unless it is nil or the node has started.
func add[F any](h *callbacks, name string, isNil bool, list *[]F, f F) bool {
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

func (h *callbacks) freeze(log *slog.Logger) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log, h.frozen = log, true
}

// OnReceive adds a callback, unless it is nil or the node has started: it returns false then.
func (m *Runtime) OnReceive(cb ReceiveCallback) bool {
	return add(&m.callbacks, "SetOnReceiveMessage", cb == nil, &m.callbacks.receive, cb)
}

// OnMessage is OnReceive for message callbacks.
func (m *Runtime) OnMessage(cb MessageCallback) bool {
	return add(&m.callbacks, "SetOnMessage", cb == nil, &m.callbacks.message, cb)
}

// OnDisconnect is OnReceive for disconnect callbacks.
func (m *Runtime) OnDisconnect(cb DisconnectCallback) bool {
	return add(&m.callbacks, "SetOnUserDisconnect", cb == nil, &m.callbacks.disconnect, cb)
}

// OnClear is OnReceive for clear callbacks.
func (m *Runtime) OnClear(cb ClearCallback) bool {
	return add(&m.callbacks, "SetOnClearCache", cb == nil, &m.callbacks.cleared, cb)
}

// noneForMessages tells whether a message passes no callback.
func (h *callbacks) noneForMessages() bool { return len(h.receive) == 0 && len(h.message) == 0 }

// accepts asks the receive callbacks. A panic is not an answer: ok is false.
func (h *callbacks) accepts(d *delivery, ver uint8, cmd uint16, msg []byte) (yes, ok bool) {
	if len(h.receive) == 0 {
		return true, true
	}
	defer h.took(time.Now())
	defer func() { h.caught("SetOnReceiveMessage", recover(), &ok) }()
	for _, f := range h.receive {
		if !f(ver, cmd, msg, d.from, d.s.user) {
			return false, true
		}
	}

	return true, true
}

// rewrite runs the message callbacks.
func (h *callbacks) rewrite(d *delivery, msg []byte) (out []byte, ok bool) {
	if len(h.message) == 0 {
		return msg, true
	}
	defer h.took(time.Now())
	defer func() { h.caught("SetOnMessage", recover(), &ok) }()
	for _, f := range h.message {
		if made := f(d.ver, d.cmd, msg, d.from, d.s.user); made != nil {
			msg = made
		}
	}

	return msg, true
}

// took counts how long the callbacks of a message took.
func (h *callbacks) took(since time.Time) { h.time.Observe(time.Since(since)) }

// farewell makes the last message of a user who leaves, for one peer.
func (h *callbacks) farewell(u *user.User, peer string) (msg []byte) {
	for _, f := range h.disconnect {
		if made := h.oneFarewell(f, u, peer); made != nil {
			msg = made
		}
	}

	return msg
}

func (h *callbacks) oneFarewell(f DisconnectCallback, u *user.User, peer string) []byte {
	var ok bool
	defer func() { h.caught("SetOnUserDisconnect", recover(), &ok) }()

	return f(u, peer)
}

// clear tells the clear callbacks, each for itself.
func (h *callbacks) clear(gone string, stayer *user.User) {
	for _, f := range h.cleared {
		h.oneClear(f, gone, stayer)
	}
}

func (h *callbacks) oneClear(f ClearCallback, gone string, stayer *user.User) {
	var ok bool
	defer func() { h.caught("SetOnClearCache", recover(), &ok) }()
	f(gone, stayer)
}

// caught logs and counts a callback's panic, and makes ok false.
func (h *callbacks) caught(name string, v any, ok *bool) {
	if v != nil {
		*ok = false
		h.panics.Add(1)
		h.log.Error("dm: a callback panicked", "callback", name, "panic", v, "stack", string(debug.Stack()))
	}
}
