package client

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/parley-dm/parley/wire"
)

const (
	// renewFrom and renewSpread choose when a token is replaced: after a random part, 0.7 to 0.9,
	// of the time that it is good for.
	renewFrom, renewSpread = 0.7, 0.2
	firstRenewPause        = 2 * time.Second // before another attempt; doubled after each
	longestRenewPause      = time.Minute
	renewTimeout           = 15 * time.Second
)

// renew keeps the session of a connection from ending with its token: it asks the token source for
// a fresh one and sends that, before the token expires. It returns when the connection has ended,
// or there is nothing to renew.
func (c *Client) renew(cn *conn) {
	left := time.Duration(cn.welcome.TokenMS) * time.Millisecond
	pause := firstRenewPause
	for c.cfg.renewable && left > 0 {
		ends := time.Now().Add(left)
		wait := time.Duration(float64(left) * (renewFrom + renewSpread*rand.Float64()))
		for {
			if !cn.sleep(wait) {
				return
			}
			fresh, err := c.sendToken(cn)
			if err == nil && (fresh == 0 || time.Now().Add(fresh).After(ends.Add(time.Second))) {
				left, pause = fresh, firstRenewPause

				break
			}
			if errors.Is(err, ErrUnknownCommand) {
				return // an older server: it looks at tokens at logins only
			}
			if err == nil {
				err = errors.New("the token source gave the same token again")
			}
			c.cfg.log.Warn("the session's token could not be replaced", slog.Any("error", err), slog.Duration("again_in", pause))
			wait, pause = pause, min(2*pause, longestRenewPause)
		}
	}
}

// sendToken sends a fresh token and returns how long it is good for; 0: for ever.
func (c *Client) sendToken(cn *conn) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), renewTimeout)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() { // a source that waits must not outlive the connection
		select {
		case <-cn.done:
			cancel()
		case <-over:
		}
	}()
	token, err := c.cfg.token(ctx)
	if err != nil {
		return 0, err
	}
	resp, err := cn.request(ctx, wire.Frame{Kind: wire.KindRequest, Ver: wire.EngineVer, Cmd: wire.CommandToken, Payload: []byte(token)})
	if err != nil {
		return 0, err
	}

	return wire.ParseTokenTime(resp.Data)
}

// request sends f on this connection and waits for the response.
func (cn *conn) request(ctx context.Context, f wire.Frame) (Response, error) {
	if err := cn.fits(f, ""); err != nil {
		return Response{}, err
	}
	id, answer, ok := cn.calls.open()
	if !ok {
		return Response{}, errEnded
	}
	f.ID = id
	if err := cn.put(ctx, f, ""); err != nil {
		cn.calls.drop(id)

		return Response{}, err
	}
	select {
	case r := <-answer:
		return r.response("")
	case <-ctx.Done():
		cn.calls.drop(id)

		return Response{}, ctx.Err()
	}
}

// sleep returns false if the connection ends first.
func (cn *conn) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-cn.done:
		return false
	}
}
