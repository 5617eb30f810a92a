package command

import (
	"bytes"
	"sync"
	"sync/atomic"
)

// maxQueued is how many commands a line keeps behind one that is not done.
const maxQueued = 128

// Line keeps the commands of one user one after another. The zero value is ready.
type Line struct {
	inside atomic.Bool // a handler runs on the goroutine that called Dispatch

	mu    sync.Mutex
	busy  bool      // guarded by mu; a command is not done
	queue []Request // guarded by mu; behind it, their payloads copied
}

// Busy tells whether a handler is running on the goroutine that called Dispatch: the
// connection is not being read, and its silence is not the client's.
func (l *Line) Busy() bool { return l.inside.Load() }

type entering uint8

const (
	entered entering = iota // the line was free and is now the caller's
	queued                  // the command waits
	full                    // the command was not taken
)

func (l *Line) enter(req Request) entering {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.busy:
		l.busy = true

		return entered
	case len(l.queue) >= maxQueued:
		return full
	}
	req.Payload = bytes.Clone(req.Payload)
	l.queue = append(l.queue, req)

	return queued
}

// leave ends a command and returns the one behind it, or frees the line.
func (l *Line) leave() (Request, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.busy = false
		l.queue = nil

		return Request{}, false
	}
	req := l.queue[0]
	l.queue[0] = Request{}
	l.queue = l.queue[1:]

	return req, true
}
