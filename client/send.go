package client

import (
	"context"
	"fmt"

	"github.com/parley-dm/parley/wire"
)

// maxUserID is the length in bytes of the longest user ID.
const maxUserID = 128

// The receipt of a message: what became of it when there was no error.
type (
	// Receipt is the outcome of a message that had no error: see its Result.
	Receipt = wire.Receipt
	// Result is Delivered, Declined or Dropped.
	Result = wire.Result
)

// Results of a message that had no error.
const (
	Delivered = wire.Delivered // handed to the operating system for the recipient's connection
	Declined  = wire.Declined  // the program of the recipient's node refused it
	Dropped   = wire.Dropped   // the program of the recipient's node emptied it
)

// Send sends a message to another user and waits for the outcome. Without an error the receipt
// tells the outcome: Delivered, Declined or Dropped; a server that sends no receipts counts as
// Delivered. With an error the receipt is zero. Errors are those of [Client.Request];
// ErrUserNotFound is the usual one. A message has 1 byte to the maximum of the server, a user ID 1
// to 128 bytes. The caller may change msg after the return.
func (c *Client) Send(ctx context.Context, to string, msg []byte) (Receipt, error) {
	if len(msg) == 0 {
		return Receipt{}, &Error{Code: wire.CodeMessageNil, UserID: to, Text: "nothing is sent to " + to}
	}

	return receipt(c.command(ctx, wire.CommandSend, to, msg))
}

// Connect opens the channel with a peer ahead of the first message, which then needs no lookup. The
// receipt and the errors are those of Send.
func (c *Client) Connect(ctx context.Context, peer string) (Receipt, error) {
	return receipt(c.command(ctx, wire.CommandConnect, peer, nil))
}

// Disconnect closes the channel with a peer. A last message that is not empty is given to the
// peer's OnPeerDisconnect. Errors are those of Send.
func (c *Client) Disconnect(ctx context.Context, peer string, last []byte) error {
	_, err := c.command(ctx, wire.CommandDisconnect, peer, last)

	return err
}

func receipt(resp Response, err error) (Receipt, error) {
	if err != nil {
		return Receipt{}, err
	}
	r, err := wire.ParseReceipt(resp.Data)
	if err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrProtocol, err)
	}

	return r, nil
}

// command runs a command of the engine whose payload begins with a peer.
func (c *Client) command(ctx context.Context, cmd uint16, peer string, msg []byte) (Response, error) {
	if n := len(peer); n == 0 || n > maxUserID {
		return Response{}, &Error{Code: wire.CodeMalformed, Text: fmt.Sprintf("user ID of %d bytes, 1 to %d are allowed", n, maxUserID)}
	}
	cn, err := c.ready(ctx)
	if err != nil {
		return Response{}, err
	}
	if len(msg) > cn.maxMessage {
		text := fmt.Sprintf("%d bytes to %s, at most %d are allowed", len(msg), peer, cn.maxMessage)

		return Response{}, &Error{Code: wire.CodeTooLarge, UserID: peer, Text: text}
	}

	return c.request(ctx, wire.Frame{Kind: wire.KindRequest, Ver: wire.EngineVer, Cmd: cmd, Payload: msg}, peer)
}
