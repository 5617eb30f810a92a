package dm

import (
	"github.com/parley-dm/parley/dm/internal/runtime"
	"github.com/parley-dm/parley/wire"
)

// Error says which message could not be sent, and why: Code, UserID (the recipient's) and Text.
// Test with errors.Is against the variables below, or compare [CodeOf].
type Error = wire.Error

// CodeOf is the wire's code of an error of this package; 0 if it is none.
func CodeOf(err error) wire.Code { return wire.CodeOf(err) }

// How a message can end, other than well. Test with errors.Is; the error that a callback or
// [Module.Send] gets is an [*Error] that names the recipient.
var (
	// ErrReliableTimeout: no answer came within the reliable timeout, or the link to the
	// recipient's node has ended, or a newer login has replaced the sender's session: whether the
	// message arrived is unknown.
	ErrReliableTimeout error = &wire.Error{Code: wire.CodeTimeout}
	// ErrMessageNil: the message is nil or empty. Nothing was sent.
	ErrMessageNil error = &wire.Error{Code: wire.CodeMessageNil}
	// ErrNodesNotFound: this node is cut off from its cluster, or the cluster has not settled in
	// time, or this node is not running. Nothing was sent.
	ErrNodesNotFound error = &wire.Error{Code: wire.CodeNodesNotFound}
	// ErrUserNotFound: no user of that ID is connected to any node, or no longer.
	ErrUserNotFound error = &wire.Error{Code: wire.CodeUserNotFound}
	// ErrMessageTooLarge: the message is longer than the nodes take.
	ErrMessageTooLarge error = &wire.Error{Code: wire.CodeTooLarge}
	// ErrRecipientBusy: the queue of the recipient's connection, or of messages that its callbacks
	// have not seen, is full.
	ErrRecipientBusy error = &wire.Error{Code: wire.CodeRecipientBusy}
	// ErrOverloaded: a queue of this node is full.
	ErrOverloaded error = &wire.Error{Code: wire.CodeOverloaded}
	// ErrInternal: a callback panicked. It has been logged.
	ErrInternal error = &wire.Error{Code: wire.CodeInternal}
	// ErrNoSender: the user that sends is nil. Nothing was sent.
	ErrNoSender error = runtime.ErrNoSender
	// ErrBadUserID: the recipient's user ID is none: user IDs are 1 to 128 bytes of UTF-8 without
	// control characters. Nothing was sent.
	ErrBadUserID error = runtime.ErrBadUserID
)
