package command

import (
	"bytes"
	"errors"
	"sync"
)

var errPanicked = errors.New("internal error")

// chain is one command on its way through its handlers.
type chain struct {
	router   *Router
	line     *Line
	handlers []Handler
	req      Request // its payload is the chain's own

	mu      sync.Mutex
	at      int   // guarded by mu; the handler whose next is awaited
	inside  bool  // guarded by mu; that handler has not returned
	called  bool  // guarded by mu; its next has been called
	err     error // guarded by mu; what next was called with
	retired bool  // guarded by mu; the chain is done
}

func (r *Router) start(line *Line, e *entry, req Request) *chain {
	req.Payload = bytes.Clone(req.Payload)
	req.User.Expect(req.ID, req.Ver, req.Cmd)

	return &chain{router: r, line: line, handlers: e.handlers, req: req}
}

// walk runs handlers until the chain is done (true) or waits for a next that comes later (false).
func (c *chain) walk() bool {
	for {
		c.mu.Lock()
		if c.at == len(c.handlers) {
			c.retired = true
			c.mu.Unlock()
			c.finish(nil)

			return true
		}
		at := c.at
		c.inside, c.called, c.err = true, false, nil
		c.mu.Unlock()

		c.call(at)

		c.mu.Lock()
		c.inside = false
		if !c.called {
			c.mu.Unlock()

			return false
		}
		err := c.err
		c.at++
		c.retired = err != nil
		c.mu.Unlock()
		if err != nil {
			c.finish(err)

			return true
		}
	}
}

func (c *chain) call(at int) {
	defer func() {
		if v := recover(); v != nil {
			c.router.caught(v, c.req)
			c.next(at, errPanicked)
		}
	}()
	c.handlers[at](c.req.Ver, c.req.Cmd, c.req.Payload, c.req.User, func(err error) { c.next(at, err) })
}

// next is what handler number at was given. Only its first call counts.
func (c *chain) next(at int, err error) {
	c.mu.Lock()
	if c.retired || at != c.at || c.called {
		c.mu.Unlock()

		return
	}
	c.called, c.err = true, err
	if c.inside { // walk goes on when the handler returns
		c.mu.Unlock()

		return
	}
	c.at++
	c.retired = err != nil
	c.mu.Unlock()
	go c.resume(err) // never on the stack of whoever called next
}

// resume goes on with a chain whose handler called next after it had returned, then with what queued behind it.
func (c *chain) resume(err error) {
	if err != nil {
		c.finish(err)
	} else if !c.walk() {
		return
	}
	if req, ok := c.line.leave(); ok {
		c.router.run(c.line, c.router.entries[key{req.Ver, req.Cmd}], req)
	}
}

// finish settles what the handlers left open.
func (c *chain) finish(err error) {
	if err == nil && c.req.ID != 0 {
		return // it may be answered later, by ServerRespond
	}
	if c.req.User.Settle(c.req.ID, c.req.Ver, c.req.Cmd) && err != nil {
		c.req.Refuse(Internal, err.Error())
	}
}
