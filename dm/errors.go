package dm

import (
	"errors"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/wire"
)

// How a message can end, other than well. Test with errors.Is; the error that a callback or [Module.Send] gets is an [*Error] that
// names the recipient.
var (
	// ErrReliableTimeout: no answer came within the reliable timeout, or the link to the recipient's node has ended: whether
	// the message arrived is unknown.
	ErrReliableTimeout = errors.New("reliable time out: whether the message arrived is unknown")
	// ErrMessageNil: the message is nil or empty. Nothing was sent.
	ErrMessageNil = errors.New("message is nil or empty")
	// ErrNodesNotFound: this node is cut off from its cluster, or the cluster has not settled in time, or this node is not running. Nothing was
	// sent.
	ErrNodesNotFound = errors.New("nodes not found: this node is cut off from its cluster")
	// ErrUserNotFound: no user of that ID is connected to any node, or no longer.
	ErrUserNotFound = errors.New("user not found")
	// ErrMessageTooLarge: the message is longer than the nodes take.
	ErrMessageTooLarge = errors.New("message too large")
	// ErrRecipientBusy: the queue of the recipient's connection, or of messages that its callbacks have not seen, is full.
	ErrRecipientBusy = errors.New("recipient busy: its queue is full")
	// ErrOverloaded: a queue of this node is full.
	ErrOverloaded = errors.New("overloaded: a queue of this node is full")
	// ErrInternal: a callback panicked. It has been logged.
	ErrInternal = errors.New("internal error at the recipient's node")
)

// Error says which message could not be sent, and why.
type Error struct {
	UserID string // the recipient
	Err    error  // one of the errors above
}

// Error gives the reason and the user ID.
func (e *Error) Error() string { return "dm: message to " + e.UserID + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// verdict is what an outcome means to the sender: nil for a message that has arrived or was not wanted.
func verdict(o channel.Outcome, to string) error {
	var err error
	switch o {
	case channel.Delivered, channel.Declined, channel.Dropped:
		return nil
	case channel.NotFound, channel.Moved, channel.NoChannel, channel.Stale:
		err = ErrUserNotFound
	case channel.Busy:
		err = ErrRecipientBusy
	case channel.TooLarge:
		err = ErrMessageTooLarge
	case channel.Failed:
		err = ErrInternal
	case channel.CutOff:
		err = ErrNodesNotFound
	case channel.Overloaded:
		err = ErrOverloaded
	case channel.Timeout, channel.Canceled:
		err = ErrReliableTimeout
	default:
		err = ErrInternal
	}

	return &Error{UserID: to, Err: err}
}

// faults gives the wire's code of each error.
var faults = []struct {
	err   error
	fault wire.Code
}{
	{ErrReliableTimeout, wire.CodeTimeout},
	{ErrMessageNil, wire.CodeMessageNil},
	{ErrNodesNotFound, wire.CodeNodesNotFound},
	{ErrUserNotFound, wire.CodeUserNotFound},
	{ErrMessageTooLarge, wire.CodeTooLarge},
	{ErrRecipientBusy, wire.CodeRecipientBusy},
	{ErrOverloaded, wire.CodeOverloaded},
}

func faultOf(err error) wire.Code {
	for _, f := range faults {
		if errors.Is(err, f.err) {
			return f.fault
		}
	}

	return wire.CodeInternal
}
