package client

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/parley-dm/parley/wire"
)

// Client is a user's connection to Parley, and the next one when that is lost. All methods are safe
// for use by several goroutines.
type Client struct {
	cfg   config
	addrs *addressList // after Dial: used by the goroutine run alone
	in    *callbackQueue
	tell  callbackSet

	cancel    context.CancelFunc // ends attempts to reconnect
	stopped   chan struct{}      // closed when run is over
	delivered chan struct{}      // closed when deliver is over
	done      chan struct{}      // closed when the client is over for good
	closeOnce sync.Once
	closeErr  error // what the first Close returned

	mu      sync.Mutex
	conn    *conn         // guarded by mu: nil while there is none
	changed chan struct{} // guarded by mu: closed, and made anew, when conn or err changes
	welcome wire.Welcome  // guarded by mu: the last one
	url     string        // guarded by mu: of the last connection
	closing bool          // guarded by mu: Close was called
	err     error         // guarded by mu: why the client is over
}

// Dial connects to a server and logs in. The addresses are one URL, or several with commas between
// them: tcp://host:port, tls://host:port, ws://host:port or wss://host:port; the path of the latter
// two is /ws unless another is given. A token is needed: WithToken or WithTokenSource.
//
// Dial tries each address once, in the order given. Its error is one line: the URL, the network, a
// [*SchemeError] when another scheme is right, or a *GoodbyeError with the server's reason
// (wire.GoodbyeBadToken above all, which ends Dial whatever the address). ctx bounds all attempts;
// an attempt takes at most 15 s, with several addresses 5 s. Once Dial has returned, ctx has no
// effect: the client lives until Close, or until a server sends it away for good.
func Dial(ctx context.Context, addresses string, opts ...Option) (*Client, error) {
	cfg := defaults()
	for _, opt := range opts {
		opt(&cfg)
	}
	if cfg.token == nil {
		return nil, errors.New("client: no token: use WithToken or WithTokenSource")
	}
	addrs, err := parseAddresses(addresses, &cfg)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	cn, err := addrs.first(ctx, &cfg)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &Client{
		cfg:       cfg,
		addrs:     addrs,
		in:        newCallbackQueue(cfg.backlog),
		tell:      callbackSet{set: cfg.callbacks},
		cancel:    cancel,
		stopped:   make(chan struct{}),
		delivered: make(chan struct{}),
		done:      make(chan struct{}),
		changed:   make(chan struct{}),
	}
	c.adopt(cn)
	go func() {
		defer close(c.stopped)
		defer cancel()
		c.run(life, cn)
	}()
	go func() {
		defer close(c.delivered)
		c.deliver()
	}()

	return c, nil
}

// Close says goodbye to the server and ends the client. What was sent before is flushed, for at
// most 5 s, and the error is about that only. Requests under way, and later ones, return ErrClosed;
// messages that wait for callbacks are dropped. When Close returns, the client's goroutines are
// gone, except for a callback that is running: Close does not wait for it, so that callbacks may
// call Close, and no other follows. Later calls do nothing.
func (c *Client) Close() error {
	c.closeOnce.Do(func() {
		c.mu.Lock()
		c.closing = true
		cn := c.conn
		c.notifyLocked()
		c.mu.Unlock()
		c.cancel()
		running := c.in.discard()
		if cn != nil && !cn.retired.Load() {
			c.closeErr = cn.leave()
		}
		<-c.stopped
		if !running {
			<-c.delivered
		}
	})

	return c.closeErr
}

// Done is closed when the client is over for good: by Close, or because a server sent it away.
// Messages that had arrived by then may still be on their way to callbacks.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err is nil until Done is closed, and then says why: ErrClosed after Close, a *GoodbyeError if the
// server sent the client away, ErrConnectionLost with WithoutReconnect.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.err
}

// State is how the connection is at this moment.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return StateClosed
	case c.conn != nil:
		return StateConnected
	}

	return StateReconnecting
}

// UserID is the user ID of this client, which the server took from the token.
func (c *Client) UserID() string { return c.lastWelcome().User }

// Session is the SID of the connection, or of the last one. Each login makes a new one.
func (c *Client) Session() string { return c.lastWelcome().Session }

// Node is the ID of the node that the client is connected to, or was last.
func (c *Client) Node() string { return c.lastWelcome().Node }

// URL is the address of the connection, or of the last one: one of those that Dial was given.
func (c *Client) URL() string {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.url
}

func (c *Client) lastWelcome() wire.Welcome {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.welcome
}

// adopt makes cn the client's connection. It tells no when Close was called meanwhile.
func (c *Client) adopt(cn *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return false
	}
	c.conn = cn
	c.welcome = cn.welcome
	c.url = c.addrs.used().url
	c.notifyLocked()
	c.in.add(event{kind: eventState, state: StateConnected})

	return true
}

// lose notes that the connection has ended because of why. It returns what the client ends with,
// nil if it goes on.
func (c *Client) lose(why error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = nil
	if c.closing {
		return ErrClosed
	}
	end := c.finally(why)
	if end == nil {
		c.in.add(event{kind: eventState, state: StateReconnecting})
	}

	return end
}

// finish ends the client for good.
func (c *Client) finish(why error) {
	c.mu.Lock()
	c.err = why
	c.notifyLocked()
	c.mu.Unlock()
	c.in.add(event{kind: eventState, state: StateClosed})
	c.in.finish()
	close(c.done)
}

// ready waits for a connection that takes requests.
func (c *Client) ready(ctx context.Context) (*conn, error) {
	for {
		cn, changed, err := c.current()
		if cn != nil || err != nil {
			return cn, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrNotConnected, ctx.Err())
		}
	}
}

// current returns the connection if it takes requests; if not, why it never will, or what to wait
// for.
func (c *Client) current() (*conn, <-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return nil, nil, notSent(c.err)
	case c.closing:
		return nil, nil, notSent(ErrClosed)
	case c.conn != nil && !c.conn.retired.Load():
		return c.conn, nil, nil
	}

	return nil, c.changed, nil
}

func (c *Client) notifyLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}
