package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// Outside tests this file is the only one that uses package client: a change of that package's
// interface ends here. No server of a chaos run has callbacks, so any receipt but delivered is an
// error.

var errReceipt = errors.New("a receipt that no server of this run gives")

// chaosClient is one client of a user.
type chaosClient struct{ *client.Client }

// dialClient connects a client that dials with u.dial and reports what its callbacks get.
func dialClient(ctx context.Context, u *user) (*chaosClient, error) {
	url := "tcp://any:1"
	if u.webSocket {
		url = "ws://any:1"
	}
	c, err := client.Dial(ctx, url,
		client.WithToken(u.token),
		client.WithDialer(u.dial),
		client.WithBackoff(100*time.Millisecond, time.Second),
		client.OnMessage(func(m client.Message) { u.history.handedOver(u, m.From, m.Body) }),
		client.OnPeerDisconnect(func(peer string, _ []byte) { u.noteDisconnect(peer) }),
	)
	if err != nil {
		return nil, err
	}

	return &chaosClient{c}, nil
}

// send sends one message and waits for its outcome. When ctx ends first, the error is its cause.
func (c *chaosClient) send(ctx context.Context, to string, msg []byte) error {
	receipt, err := c.Send(ctx, to, msg)
	if err == nil && receipt.Result != wire.Delivered {
		return fmt.Errorf("%w: %s", errReceipt, receipt.Result)
	}
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return context.Cause(ctx)
	}

	return err
}

// replaced reports whether a newer login ended the client.
func (c *chaosClient) replaced() bool {
	goodbye, ok := errors.AsType[*client.GoodbyeError](c.Err())

	return ok && goodbye.Code == wire.GoodbyeReplaced
}

// outcomeOf returns the outcome that an error of send stands for. written: the message has gone out
// on a connection.
func outcomeOf(err error, written bool) outcome {
	var goodbye *client.GoodbyeError
	switch {
	case err == nil:
		return delivered
	case errors.Is(err, client.ErrUserNotFound):
		return notFound
	case errors.Is(err, client.ErrTimeout):
		return timedOut
	case errors.Is(err, client.ErrNodesNotFound):
		return nodesNotFound
	case errors.Is(err, client.ErrRecipientBusy):
		return recipientBusy
	case errors.Is(err, client.ErrOverloaded):
		return overloaded
	case errors.Is(err, client.ErrInternal):
		return internalError
	case errors.Is(err, client.ErrConnectionLost):
		return connectionLost
	case errors.Is(err, client.ErrNotConnected):
		return unsent
	case errors.As(err, &goodbye):
		return goodbyeReceived
	case errors.Is(err, client.ErrClosed):
		return closedByUs
	case errors.Is(err, errNoOutcome) && !written:
		return unsent
	case errors.Is(err, errNoOutcome):
		return noResponse
	}

	return otherError
}

// errNoOutcome is the cause with which the context of a request ends when patience does.
var errNoOutcome = errors.New("chaos: no outcome in time")
