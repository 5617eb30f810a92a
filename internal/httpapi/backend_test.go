package httpapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/overview"
	"github.com/parley-dm/parley/wire"
)

const key = "an-admin-key-of-tests"

// backend answers what a test wants. Only alice is connected.
type backend struct {
	sent   atomic.Int64
	result wire.Result
	err    error
	gate   chan struct{} // if not nil, sending waits for it
	last   httpapi.Message
}

func (b *backend) MaxMessage() int { return 1000 }

func (b *backend) Send(_ context.Context, m httpapi.Message) (wire.Receipt, error) {
	if b.gate != nil {
		<-b.gate
	}
	b.sent.Add(1)
	b.last = m
	if b.err != nil {
		return wire.Receipt{}, b.err
	}

	return wire.Receipt{Result: max(b.result, wire.Delivered)}, nil
}

func (b *backend) Users(_ context.Context, ids []string) ([]httpapi.User, error) {
	since := time.Unix(1_700_000_000, 0).UTC()
	users := make([]httpapi.User, len(ids))
	for i, id := range ids {
		users[i].ID = id
		if id == "alice" {
			users[i] = httpapi.User{
				ID: id, Online: true, Node: "n1#1", Session: strings.Repeat("0a", 16), Since: &since, Transport: "ws", Address: "127.0.0.1:1",
			}
		}
	}

	return users, b.err
}

func (b *backend) Remove(_ context.Context, id string, ban *time.Duration) (httpapi.Removal, error) {
	r := httpapi.Removal{ID: id, Removed: id == "alice"}
	if ban != nil {
		until := time.Unix(1_700_000_000, 0).Add(*ban).UTC()
		r.BannedUntil = &until
	}

	return r, b.err
}

func (b *backend) Pictures(_ context.Context, send func([]byte) error) error {
	if b.err != nil {
		return b.err
	}
	var board overview.Board
	for i := range 2 {
		picture, err := json.Marshal(board.Update(round(i)))
		if err != nil {
			return err
		}
		if err := send(picture); err != nil {
			return err
		}
	}

	return nil
}

func (b *backend) Nodes(context.Context) ([]httpapi.Node, error) {
	since := time.Unix(1_700_000_000, 0).UTC()

	return []httpapi.Node{{ID: "n1#1", Ready: true, Users: 1, Members: 2, Since: &since}, {ID: "n2#2", Reason: "the node does not answer"}}, b.err
}
