package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

// maxAfter bounds how long a server can send a client away for.
const maxAfter = time.Hour

// backoff makes the pauses before attempts, see WithBackoff.
type backoff struct {
	min, max time.Duration
	jitter   func() float64 // in [0,1)
}

func (b backoff) pause(attempt int) time.Duration {
	d := b.max
	if attempt < 30 { // beyond, the shift could overflow; any maximum is reached long before
		d = min(d, b.min<<attempt)
	}
	if d <= 0 {
		d = b.max
	}

	return d/2 + time.Duration(b.jitter()*float64(d-d/2))
}

// run is the goroutine that owns the client's connections: it reads from one until it ends, then makes the next.
func (c *Client) run(ctx context.Context, cn *conn) {
	attempt := 0
	for {
		why := c.serve(cn)
		if time.Since(cn.born) > c.cfg.backoff.max {
			attempt = 0
		}
		if end := c.lose(why); end != nil {
			c.finish(end)

			return
		}
		c.cfg.log.Warn("connection lost", slog.Any("error", why))
		var err error
		if cn, err = c.reconnect(ctx, why, &attempt); err != nil {
			c.finish(err)

			return
		}
		c.cfg.log.Info("connected again", slog.String("node", cn.welcome.Node), slog.String("session", cn.welcome.Session))
		if !c.adopt(cn) {
			cn.end(ErrClosed)
			c.finish(ErrClosed)

			return
		}
	}
}

// serve is the life of one connection. It returns why that ended.
func (c *Client) serve(cn *conn) error {
	var both sync.WaitGroup
	both.Go(func() {
		if err := cn.out.run(cn.done); err != nil {
			c.writeFailed(cn, err)
		}
	})
	both.Go(cn.beat)
	cn.end(c.read(cn))
	both.Wait()

	return cn.cause
}

// writeFailed ends a connection that cannot be written to, unless the server has said why: then read will find it.
func (c *Client) writeFailed(cn *conn, err error) {
	cn.retired.Store(true)
	if !cn.wait(cn.done, farewellTimeout) {
		cn.end(err)
	}
}

// reconnect tries until it has a connection, or learns that it must not have one, or Close is called.
func (c *Client) reconnect(ctx context.Context, why error, attempt *int) (*conn, error) {
	for {
		pause := c.cfg.backoff.pause(*attempt)
		if after, ok := comeBackIn(why); ok {
			if *attempt == 0 || after > pause {
				pause = after
			}
		}
		*attempt++
		if !sleep(ctx, pause) {
			return nil, ErrClosed
		}
		cn, err := connect(ctx, c.addr, &c.cfg)
		switch bye := stayAway(err); {
		case err == nil:
			return cn, nil
		case ctx.Err() != nil:
			return nil, ErrClosed
		case bye != nil:
			return nil, bye
		}
		c.cfg.log.Warn("attempt to reconnect failed", slog.Any("error", err), slog.Int("attempt", *attempt))
		why = err
	}
}

// finally is the error that a client ends with when a connection ended because of why, nil if it is to reconnect.
func (c *Client) finally(why error) error {
	if bye := stayAway(why); bye != nil {
		return bye
	}
	if !c.cfg.noReconnect {
		return nil
	}
	if bye, ok := errors.AsType[*GoodbyeError](why); ok {
		return bye
	}

	return fmt.Errorf("%w: %w", ErrConnectionLost, why)
}

// comeBackIn finds in err how long a server asked its clients to stay away.
func comeBackIn(err error) (time.Duration, bool) {
	bye, ok := errors.AsType[*GoodbyeError](err)
	if !ok {
		return 0, false
	}
	after, ok := wire.ParseReconnect([]byte(bye.Text))

	return min(after, maxAfter), ok
}

// sleep tells whether it slept to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
