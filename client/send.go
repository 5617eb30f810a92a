package client

import (
	"context"
	"fmt"

	"github.com/parley-dm/parley/wire"
)

// maxUserID is the length in bytes of the longest user ID.
const maxUserID = 128

// Send sends a message to another user and waits for the outcome: nil means that the recipient's node handed it to
// the recipient's connection, or that a callback there declined or dropped it. Errors are those of Request;
// ErrUserNotFound is the usual one. The client may be given msg again after the return.
func (c *Client) Send(ctx context.Context, to string, msg []byte) error {
	if len(msg) == 0 {
		return &Error{Code: wire.CodeMessageNil, Text: "nothing is sent to " + to}
	}

	return c.command(ctx, cmdSend, to, msg)
}

// Disconnect closes the channel with a peer. A last message that is not empty is given to the peer's
// OnPeerDisconnect.
func (c *Client) Disconnect(ctx context.Context, peer string, last []byte) error {
	return c.command(ctx, cmdDisconnect, peer, last)
}

// Connect opens the channel with a peer ahead of the first message, which then need not look for it.
func (c *Client) Connect(ctx context.Context, peer string) error {
	return c.command(ctx, cmdConnect, peer, nil)
}

// command runs a command of the engine whose payload begins with a peer.
func (c *Client) command(ctx context.Context, cmd uint16, peer string, msg []byte) error {
	if n := len(peer); n == 0 || n > maxUserID {
		return &Error{Code: wire.CodeMalformed, Text: fmt.Sprintf("user ID of %d bytes, 1 to %d are allowed", n, maxUserID)}
	}
	cn, err := c.ready(ctx)
	if err != nil {
		return err
	}
	if len(msg) > cn.maxMessage {
		return &Error{Code: wire.CodeTooLarge, Text: fmt.Sprintf("%d bytes to %s, at most %d are allowed", len(msg), peer, cn.maxMessage)}
	}
	_, err = c.request(ctx, wire.Frame{Kind: wire.KindRequest, Ver: engineVer, Cmd: cmd, Payload: msg}, peer)

	return err
}
