package command

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/parley-dm/parley/internal/sessions"
)

// maxQueued bounds the commands that wait behind one that is not done: the client is not read from
// then, until half of them are left.
const maxQueued = 128

// UserQueue runs the commands of one user one after another. The zero value is ready. Safe for use
// by several goroutines.
type UserQueue struct {
	handling atomic.Bool // a handler runs on the goroutine that called Dispatch

	mu    sync.Mutex
	busy  bool      // guarded by mu; a command is not done
	queue []Request // guarded by mu; the commands behind it, their payloads copied
	held  bool      // guarded by mu; the client is not read from
}

// Handling reports whether a handler runs on the goroutine that called Dispatch: the connection is
// not read meanwhile, so its silence is not the client's.
func (q *UserQueue) Handling() bool { return q.handling.Load() }

// enter reports whether the queue was idle: the caller runs the command then. Otherwise it waits.
func (q *UserQueue) enter(req Request) (runNow bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.busy {
		q.busy = true

		return true
	}
	req.Payload = bytes.Clone(req.Payload)
	q.queue = append(q.queue, req)
	if len(q.queue) >= maxQueued && !q.held {
		q.hold(req, true)
	}

	return false
}

// hold keeps the client from being read, or ends that. Called with mu held, so that calls are made
// in order.
func (q *UserQueue) hold(req Request, on bool) {
	q.held = on
	if conn := sessions.Of(req.User).Conn(); conn != nil {
		conn.Hold(sessions.HoldCommands, on)
	}
}

// leave ends a command and returns the one behind it, or makes the queue idle.
func (q *UserQueue) leave() (Request, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) == 0 {
		q.busy = false
		q.queue = nil

		return Request{}, false
	}
	req := q.queue[0]
	q.queue[0] = Request{}
	q.queue = q.queue[1:]
	if q.held && len(q.queue) <= maxQueued/2 {
		q.hold(req, false)
	}

	return req, true
}
