package command

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/wire"
)

var errPanicked = errors.New("internal error")

// chainState tells where a command is on its way through its handlers.
//
//	state       event             new state
//	running     next is called    proceed
//	running     handler returns   waiting
//	proceed     handler returns   running: the following handler, or finished
//	waiting     next is called    running: the following handler, or finished
//	waiting     timeout           finished
type chainState uint8

const (
	running  chainState = iota // the handler has not returned, nor called next
	proceed                    // the handler has called next and not returned
	waiting                    // the handler has returned and not called next
	finished                   // the command is done
)

// chain is one command on its way through its handlers.
type chain struct {
	router *Router
	queue  *UserQueue
	entry  *entry
	req    Request // its payload is the chain's own

	mu    sync.Mutex
	state chainState  // guarded by mu
	at    int         // guarded by mu; the handler that runs or whose next is awaited
	err   error       // guarded by mu; what next was called with
	timer *time.Timer // guarded by mu; while waiting
}

func newChain(r *Router, q *UserQueue, e *entry, req Request) *chain {
	req.Payload = bytes.Clone(req.Payload)
	sessions.Of(req.User).Expect(req.ID, req.Ver, req.Cmd)

	return &chain{router: r, queue: q, entry: e, req: req}
}

// run runs handlers until the command is done (true) or waits for a call of next (false).
func (c *chain) run() bool {
	for {
		c.call(c.at)

		c.mu.Lock()
		if c.state == running {
			c.state = waiting
			at := c.at
			c.timer = time.AfterFunc(c.router.timeout, func() { c.expire(at) })
			c.mu.Unlock()

			return false
		}
		more := c.advanceLocked()
		err := c.err
		c.mu.Unlock()
		if !more {
			c.respond(err)

			return true
		}
	}
}

// advanceLocked moves on from a handler that has called next. It reports whether another one is to
// run.
func (c *chain) advanceLocked() bool {
	c.at++
	c.state = running
	if c.err != nil || c.at == len(c.entry.handlers) {
		c.state = finished
	}

	return c.state == running
}

// call runs handler number at. A panic ends the command.
func (c *chain) call(at int) {
	defer func() {
		if v := recover(); v != nil {
			c.router.caught(v, c.req)
			c.next(at, errPanicked)
		}
	}()
	c.entry.handlers[at](c.req.Ver, c.req.Cmd, c.req.Payload, c.req.User, func(err error) { c.next(at, err) })
}

// next is what handler number at was given. Only its first call counts.
func (c *chain) next(at int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at != c.at {
		return
	}
	switch c.state {
	case running: // run continues when the handler returns
		c.state, c.err = proceed, err
	case waiting:
		c.timer.Stop()
		c.err = err
		go c.resume(c.advanceLocked(), err) // never on the stack of next's caller
	case proceed, finished:
	}
}

// resume continues a command after a late call of next, then the commands behind it.
func (c *chain) resume(more bool, err error) {
	if !more {
		c.respond(err)
	} else if !c.run() {
		return
	}
	c.runQueued()
}

// expire ends the command if handler number at has still not called next.
func (c *chain) expire(at int) {
	c.mu.Lock()
	if c.state != waiting || c.at != at {
		c.mu.Unlock()

		return
	}
	c.state = finished
	c.mu.Unlock()
	c.router.expired.Add(1)
	c.entry.logNext.Do(func() {
		c.router.log.Error("a command's handler has returned without calling next: its requests are answered with 5008 (logged once)",
			"ver", c.req.Ver, "cmd", c.req.Cmd, "user", c.req.User.ID, "timeout", c.router.timeout)
	})
	c.respond(fmt.Errorf("the handler did not finish within %s", c.router.timeout))
	c.runQueued()
}

// runQueued runs the commands behind this one.
func (c *chain) runQueued() {
	if req, ok := c.queue.leave(); ok {
		c.router.run(c.queue, c.router.entries[keyOf(req.Ver, req.Cmd)], req)
	}
}

// respond gives the response that the handlers have left out.
func (c *chain) respond(err error) {
	id := sessions.Of(c.req.User).TakePending(c.req.Ver, c.req.Cmd)
	switch {
	case id == 0: // answered, or no response is wanted
	case err != nil:
		c.req.Refuse(codeOf(err), err.Error())
	default:
		c.req.Answer(wire.StatusOK, nil)
	}
}

// codeOf is the code of a response to a command that has failed: that of a *wire.Error, else 5008.
func codeOf(err error) wire.Code {
	if code := wire.CodeOf(err); code != 0 {
		return code
	}

	return wire.CodeInternal
}
