package command

import (
	"bytes"
	"sync"
	"sync/atomic"
)

// maxQueued bounds the commands that wait behind one that is not done.
const maxQueued = 128

// UserQueue runs the commands of one user one after another. The zero value is ready. Safe for use
// by several goroutines.
type UserQueue struct {
	handling atomic.Bool // a handler runs on the goroutine that called Dispatch

	mu    sync.Mutex
	busy  bool      // guarded by mu; a command is not done
	queue []Request // guarded by mu; the commands behind it, their payloads copied
}

// Handling reports whether a handler runs on the goroutine that called Dispatch: the connection is
// not read meanwhile, so its silence is not the client's.
func (q *UserQueue) Handling() bool { return q.handling.Load() }

// admission is what enter makes of a command.
type admission uint8

const (
	runNow   admission = iota // the queue was idle: the caller runs the command
	queued                    // the command waits
	rejected                  // the queue is full: the command was not taken
)

func (q *UserQueue) enter(req Request) admission {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case !q.busy:
		q.busy = true

		return runNow
	case len(q.queue) >= maxQueued:
		return rejected
	}
	req.Payload = bytes.Clone(req.Payload)
	q.queue = append(q.queue, req)

	return queued
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

	return req, true
}
