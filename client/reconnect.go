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

// run is the goroutine that owns the client's connections: it reads from one until it ends, then
// makes the next.
func (c *Client) run(ctx context.Context, cn *conn) {
	attempt := 0
	for {
		why := c.serve(cn) //nolint:contextcheck // what it starts ends with the connection
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
	both.Go(func() { c.renew(cn) })
	cn.end(c.read(cn))
	both.Wait()

	return cn.cause
}

// writeFailed ends a connection that cannot be written to, unless the server has said why: then
// read will find it.
func (c *Client) writeFailed(cn *conn, err error) {
	cn.retired.Store(true)
	if !cn.wait(cn.done, goodbyeTimeout) {
		cn.end(err)
	}
}

// reconnect tries until it has a connection, a server forbids one, or Close is called. The address
// of the lost connection is bad: the first attempt goes to another address at once. With every
// address bad, a pause comes before each round.
func (c *Client) reconnect(ctx context.Context, why error, attempt *int) (*conn, error) {
	c.addrs.markBad(c.addrs.used())
	if after, ok := comeBackIn(why); ok && len(c.addrs.all) > 1 && !sleep(ctx, after) {
		return nil, ErrClosed // while the servers still wanted the client to stay away
	}
	for {
		round := c.addrs.good()
		if len(round) == 0 {
			if !sleep(ctx, c.pause(why, *attempt)) {
				return nil, ErrClosed
			}
			*attempt++
			round = c.addrs.oldestFirst()
		}
		for _, a := range round {
			cn, err := connect(ctx, a, c.addrs.timeout(), &c.cfg)
			switch bye := stayAway(err); {
			case err == nil:
				c.addrs.use(a)

				return cn, nil
			case ctx.Err() != nil:
				return nil, ErrClosed
			case bye != nil:
				return nil, bye
			}
			c.cfg.log.Warn("attempt to reconnect failed", slog.Any("error", err), slog.Int("attempt", *attempt))
			why = err
			c.addrs.markBad(a)
			if errors.Is(err, errNoToken) {
				c.addrs.markAllBad() // no other address helps
			}
		}
	}
}

// pause is the time before a round of attempts: the back-off, or the time for which a server asked
// to stay away.
func (c *Client) pause(why error, attempt int) time.Duration {
	pause := c.cfg.backoff.pause(attempt)
	if after, ok := comeBackIn(why); ok && len(c.addrs.all) == 1 && (attempt == 0 || after > pause) {
		return after
	}

	return pause
}

// finally is the error that a client ends with when a connection ended because of why, nil if it is
// to reconnect.
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
