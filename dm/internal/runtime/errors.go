package runtime

import (
	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/wire"
)

// The errors of code 4001: see package dm.
var (
	ErrNoSender  = &wire.Error{Code: wire.CodeMalformed, Text: "there is no sender"}
	ErrBadUserID = &wire.Error{Code: wire.CodeMalformed, Text: "not a user ID: it must be 1 to 128 bytes of UTF-8 without control characters"}
)

func noSender(to string) error {
	return &wire.Error{Code: ErrNoSender.Code, UserID: to, Text: ErrNoSender.Text}
}

func badUserID(id string) error {
	return &wire.Error{Code: ErrBadUserID.Code, UserID: id, Text: ErrBadUserID.Text}
}

func codeError(code wire.Code, userID string) error { return &wire.Error{Code: code, UserID: userID} }

// codes says what each outcome means to the sender; 0: the message has arrived or was not wanted.
var codes = [core.Outcomes]wire.Code{
	core.Delivered: 0, core.Declined: 0, core.Dropped: 0,

	core.NotFound:   wire.CodeUserNotFound,
	core.Moved:      wire.CodeUserNotFound,
	core.NoChannel:  wire.CodeUserNotFound,
	core.Stale:      wire.CodeUserNotFound,
	core.Busy:       wire.CodeRecipientBusy,
	core.TooLarge:   wire.CodeTooLarge,
	core.Failed:     wire.CodeInternal,
	core.CutOff:     wire.CodeNodesNotFound,
	core.Overloaded: wire.CodeOverloaded,
	core.Timeout:    wire.CodeTimeout,
	core.Canceled:   wire.CodeTimeout,
}

// outcomeError is what an outcome means to the sender: nil for a message that has arrived or was
// not wanted.
func outcomeError(o core.Outcome, to string) error {
	if code := codes[o]; code != 0 {
		return codeError(code, to)
	}

	return nil
}

// receipt is that of an outcome without an error; the zero Receipt for others.
func receipt(o core.Outcome) wire.Receipt {
	switch o { //nolint:exhaustive // the others are errors
	case core.Delivered:
		return wire.Receipt{Result: wire.Delivered}
	case core.Declined:
		return wire.Receipt{Result: wire.Declined}
	case core.Dropped:
		return wire.Receipt{Result: wire.Dropped}
	default:
		return wire.Receipt{}
	}
}
