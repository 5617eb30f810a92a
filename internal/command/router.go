package command

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// reservedVers are the versions that belong to the engine: 0 and 1.
const reservedVers = 2

// Handler handles one command of a client: see parley.Handler.
type Handler = func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error))

// Builtin handles one of the engine's own commands. It must not block and not keep the payload, and
// it responds by itself.
type Builtin func(req Request)

// key is a command's ver and cmd in one word, which a map finds faster than a struct.
type key uint32

func keyOf(ver uint8, cmd uint16) key { return key(ver)<<16 | key(cmd) }

// entry is what handles a command: a built-in or handlers.
type entry struct {
	builtin  Builtin
	handlers []Handler
	logNext  sync.Once // the log tells once of handlers that do not call next
}

// defaultNextTimeout stands until SetNextTimeout.
const defaultNextTimeout = 3 * time.Second

// Router maps commands to handlers. Handlers are set before Freeze, commands dispatched after it.
type Router struct {
	entries map[key]*entry
	frozen  atomic.Bool
	log     *slog.Logger
	timeout time.Duration // from a handler's return to its next
	panics  atomic.Uint64
	expired atomic.Uint64
}

// NewRouter returns a router with no handlers.
func NewRouter(log *slog.Logger) *Router {
	return &Router{entries: make(map[key]*entry), log: log, timeout: defaultNextTimeout}
}

// SetNextTimeout bounds the time from a handler's return to its call of next. It must be called
// before Freeze.
func (r *Router) SetNextTimeout(d time.Duration) { r.timeout = d }

// Handle adds a handler. It panics on a ver that is reserved (0 and 1), on a nil handler and after
// Freeze: these are mistakes in a program's set-up.
func (r *Router) Handle(ver uint8, cmd uint16, h Handler) {
	Check(ver, cmd, h)
	e := r.entry(ver, cmd)
	e.handlers = append(e.handlers, h)
}

// Check panics where Handle would, but for Freeze.
func Check(ver uint8, cmd uint16, h Handler) {
	if ver < reservedVers {
		panic(fmt.Sprintf("parley: command ver %d cmd %d: ver 0 and 1 belong to the engine, use 2 to 255", ver, cmd))
	}
	if h == nil {
		panic(fmt.Sprintf("parley: command ver %d cmd %d: the handler is nil", ver, cmd))
	}
}

// Builtin sets one of the engine's own commands.
func (r *Router) Builtin(ver uint8, cmd uint16, b Builtin) { r.entry(ver, cmd).builtin = b }

func (r *Router) entry(ver uint8, cmd uint16) *entry {
	if r.frozen.Load() {
		panic(fmt.Sprintf("parley: command ver %d cmd %d: handlers must be set before the node starts", ver, cmd))
	}
	k := keyOf(ver, cmd)
	if r.entries[k] == nil {
		r.entries[k] = &entry{}
	}

	return r.entries[k]
}

// Freeze ends the setting of handlers.
func (r *Router) Freeze() { r.frozen.Store(true) }

// Quick reports whether a command runs none of the program's own handlers: it is done at once.
func (r *Router) Quick(ver uint8, cmd uint16) bool {
	e := r.entries[keyOf(ver, cmd)]

	return e == nil || e.builtin != nil
}

// Panics is the number of handlers that have panicked.
func (r *Router) Panics() uint64 { return r.panics.Load() }

// Expired is the number of commands that ended because a handler did not call next in time.
func (r *Router) Expired() uint64 { return r.expired.Load() }

// Dispatch runs a command on the caller's goroutine, or queues it behind one of the same user that
// is not done. The payload may be reused when Dispatch returns. Calls for one queue must come one
// after another.
func (r *Router) Dispatch(q *UserQueue, req Request) {
	e := r.entries[keyOf(req.Ver, req.Cmd)]
	if e == nil {
		req.Refuse(wire.CodeUnknownCommand, fmt.Sprintf("no command ver %d cmd %d", req.Ver, req.Cmd))

		return
	}
	if !q.enter(req) {
		return
	}
	if e.builtin != nil { // it does not block, and nothing has queued behind it
		r.run(q, e, req)

		return
	}
	q.handling.Store(true)
	r.run(q, e, req)
	q.handling.Store(false)
}

// run runs the command and, once it is done, the commands behind it. The caller has entered the
// queue.
func (r *Router) run(q *UserQueue, e *entry, req Request) {
	for {
		if e.builtin != nil {
			r.runBuiltin(e.builtin, req)
		} else if !newChain(r, q, e, req).run() {
			return // a handler has not called next yet: the command continues from there
		}
		next, ok := q.leave()
		if !ok {
			return
		}
		req, e = next, r.entries[keyOf(next.Ver, next.Cmd)]
	}
}

func (r *Router) runBuiltin(b Builtin, req Request) {
	defer func() {
		if v := recover(); v != nil {
			r.caught(v, req)
			req.Refuse(wire.CodeInternal, "internal error")
		}
	}()
	b(req)
}

func (r *Router) caught(v any, req Request) {
	r.panics.Add(1)
	r.log.Error("a command's handler panicked",
		"ver", req.Ver, "cmd", req.Cmd, "user", req.User.ID, "panic", v, "stack", string(debug.Stack()))
}
