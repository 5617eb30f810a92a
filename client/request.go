package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-dm/parley/wire"
)

// Response is a server's answer to a request.
type Response struct {
	Status wire.Status
	Data   []byte // what follows the status; the caller's to keep
}

// Request runs a command and waits for its response. While the client reconnects, Request waits for
// the next connection.
//
// A status other than ok is an *Error; the Response is returned all the same, for handlers that
// answer failures with bytes of their own. Three errors tell whether the command ran:
//
//   - ErrNotConnected and ErrQueueFull: the request was not sent. ctx ended first, or the client is closed.
//   - ErrConnectionLost: the connection broke before the response; unknown.
//   - the context's error, without one of these: ctx ended before the response; unknown. The connection goes on.
func (c *Client) Request(ctx context.Context, ver uint8, cmd uint16, payload []byte) (Response, error) {
	return c.request(ctx, wire.Frame{Kind: wire.KindRequest, Ver: ver, Cmd: cmd, Payload: payload}, "")
}

// Post runs a command without a response, and does not wait: without a connection the error is
// ErrNotConnected, with a full queue ErrQueueFull. Without an error the request is queued, no more:
// it is lost if the connection breaks.
func (c *Client) Post(ver uint8, cmd uint16, payload []byte) error {
	cn, _, err := c.current()
	if err != nil {
		return err
	}
	if cn == nil {
		return ErrNotConnected
	}
	f := wire.Frame{Kind: wire.KindRequest, Ver: ver, Cmd: cmd, Payload: payload}
	if err := cn.fits(f, ""); err != nil {
		return err
	}
	room, ok := cn.out.add(f, "")
	switch {
	case !ok:
		return ErrNotConnected
	case room != nil:
		return ErrQueueFull
	}

	return nil
}

// request sends f, its payload beginning with peer if that is not empty, and waits for the
// response.
func (c *Client) request(ctx context.Context, f wire.Frame, peer string) (Response, error) {
	for {
		cn, err := c.ready(ctx)
		if err != nil {
			return Response{}, err
		}
		if err := cn.fits(f, peer); err != nil {
			return Response{}, err
		}
		id, answer, ok := cn.calls.open()
		if !ok {
			continue // cn has ended: ready waits for the next connection
		}
		f.ID = id
		if err := cn.put(ctx, f, peer); err != nil {
			cn.calls.drop(id)
			if errors.Is(err, errEnded) {
				continue // nothing was sent
			}

			return Response{}, fmt.Errorf("%w: request %d.%d was not sent: %w", ErrQueueFull, f.Ver, f.Cmd, err)
		}
		select {
		case r := <-answer:
			return r.response(peer)
		case <-ctx.Done():
			cn.calls.drop(id)

			return Response{}, fmt.Errorf("client: no response to request %d.%d: %w", f.Ver, f.Cmd, ctx.Err())
		}
	}
}

func (r result) response(peer string) (Response, error) {
	if r.err != nil {
		return Response{}, r.err
	}
	resp := Response{Status: r.status, Data: r.data}
	if r.status != wire.StatusOK {
		return resp, failure(r.status, r.data, peer)
	}

	return resp, nil
}

// fits refuses a frame that would end the connection.
func (cn *conn) fits(f wire.Frame, peer string) error {
	body := wire.HeaderSize + len(f.Payload)
	if peer != "" {
		body += 1 + len(peer)
	}
	if most := cn.maxMessage + wire.FrameRoom; body > most {
		return &Error{Code: wire.CodeTooLarge, Text: fmt.Sprintf("a request of %d bytes, at most %d are allowed", body, most)}
	}

	return nil
}
