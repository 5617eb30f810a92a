package command

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"

	"github.com/parley-dm/parley/user"
)

// reservedVers are the versions that belong to the engine: 0 and 1.
const reservedVers = 2

// Handler handles one command of a client. It must call next exactly once, now or later, from any goroutine: with nil to let the next
// handler of the same command run after it has returned, with an error to end the command there. A request that
// is then still unanswered is answered with 5008 and the error's text.
//
// Payload belongs to the handler.
type Handler = func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error))

// Builtin handles one of the engine's own commands. It must not block and not keep the payload; it answers by itself.
type Builtin func(req Request)

type key struct {
	ver uint8
	cmd uint16
}

// entry is what a command leads to: a built-in or handlers.
type entry struct {
	builtin  Builtin
	handlers []Handler
}

// Router maps commands to handlers. Handlers are set before Freeze, commands dispatched after it.
type Router struct {
	entries map[key]*entry
	frozen  atomic.Bool
	log     *slog.Logger
	panics  atomic.Uint64
}

// NewRouter returns a router with no handlers.
func NewRouter(log *slog.Logger) *Router {
	return &Router{entries: make(map[key]*entry), log: log}
}

// Handle adds a handler. It panics on a ver that is reserved (0 and 1), on a nil handler and after Freeze:
// mistakes in a program's set-up.
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
	k := key{ver, cmd}
	if r.entries[k] == nil {
		r.entries[k] = &entry{}
	}

	return r.entries[k]
}

// Freeze ends the setting of handlers.
func (r *Router) Freeze() { r.frozen.Store(true) }

// Quick tells whether a command is done at once: none of the program's own handlers runs.
func (r *Router) Quick(ver uint8, cmd uint16) bool {
	e := r.entries[key{ver, cmd}]

	return e == nil || e.builtin != nil
}

// Panics is the number of handlers that have panicked.
func (r *Router) Panics() uint64 { return r.panics.Load() }

// Dispatch runs a command on the caller's goroutine, or queues it behind one of the same line that is not done. The payload may be
// reused when it returns. Calls for one line must come one after another.
func (r *Router) Dispatch(line *Line, req Request) {
	e := r.entries[key{req.Ver, req.Cmd}]
	if e == nil {
		req.Refuse(UnknownCommand, fmt.Sprintf("no command ver %d cmd %d", req.Ver, req.Cmd))

		return
	}
	switch line.enter(req) {
	case entered:
		line.inside.Store(true)
		r.run(line, e, req)
		line.inside.Store(false)
	case full:
		req.Refuse(Overloaded, "too many commands wait behind one that is not done")
	case queued:
	}
}

// run runs the command and, once it is done, those that queued behind it. The line has been entered.
func (r *Router) run(line *Line, e *entry, req Request) {
	for {
		if e.builtin != nil {
			r.runBuiltin(e.builtin, req)
		} else if !r.start(line, e, req).walk() {
			return // a handler has kept next for later: it goes on from there
		}
		next, ok := line.leave()
		if !ok {
			return
		}
		req, e = next, r.entries[key{next.Ver, next.Cmd}]
	}
}

func (r *Router) runBuiltin(b Builtin, req Request) {
	defer func() {
		if v := recover(); v != nil {
			r.caught(v, req)
			req.Refuse(Internal, "internal error")
		}
	}()
	b(req)
}

func (r *Router) caught(v any, req Request) {
	r.panics.Add(1)
	r.log.Error("a command's handler panicked", "ver", req.Ver, "cmd", req.Cmd, "user", req.User.ID, "panic", v, "stack", string(debug.Stack()))
}
