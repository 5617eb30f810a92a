package client

import (
	"errors"
	"fmt"

	"github.com/parley-dm/parley/wire"
)

// What can go wrong between the client and its server. Test with errors.Is.
var (
	// ErrClosed: Close was called.
	ErrClosed = errors.New("client: closed")
	// ErrConnectionLost: the connection broke while the request was on its way. The outcome is
	// unknown.
	ErrConnectionLost = errors.New("client: connection lost")
	// ErrNotConnected: there was no connection for the request. The request was certainly not sent.
	ErrNotConnected = errors.New("client: not connected")
	// ErrQueueFull: the queue of outgoing frames had no room for the request. The request was
	// certainly not sent.
	ErrQueueFull = errors.New("client: queue of outgoing frames is full")
	// ErrProtocol: the server sent bytes that no server should send.
	ErrProtocol = errors.New("client: server broke the protocol")
	// ErrSilent: nothing was heard from the server for two heartbeats.
	ErrSilent = errors.New("client: server is silent")
	// ErrBacklog: callbacks are too slow for what arrives, see the package's Limits.
	ErrBacklog = errors.New("client: too many messages wait for callbacks")
)

// What servers answer to requests, for errors.Is: each matches every *Error with the same code,
// from this package and from package dm.
var (
	ErrMalformed       error = &Error{Code: wire.CodeMalformed}
	ErrUnknownCommand  error = &Error{Code: wire.CodeUnknownCommand}
	ErrNotAllowed      error = &Error{Code: wire.CodeNotAllowed}
	ErrRateLimit       error = &Error{Code: wire.CodeRateLimit}
	ErrBadToken        error = &Error{Code: wire.CodeBadToken} // of a new token for this session
	ErrTimeout         error = &Error{Code: wire.CodeTimeout}  // the outcome is unknown
	ErrMessageNil      error = &Error{Code: wire.CodeMessageNil}
	ErrNodesNotFound   error = &Error{Code: wire.CodeNodesNotFound}
	ErrUserNotFound    error = &Error{Code: wire.CodeUserNotFound}
	ErrMessageTooLarge error = &Error{Code: wire.CodeTooLarge}
	ErrRecipientBusy   error = &Error{Code: wire.CodeRecipientBusy}
	ErrOverloaded      error = &Error{Code: wire.CodeOverloaded}
	ErrInternal        error = &Error{Code: wire.CodeInternal}
)

// Error is a request that failed: the answer of the server, or what the client knows that the
// answer would be. Code says why, UserID names the recipient of a message, Text has the details.
// [CodeOf] finds the code in a wrapped error.
type Error = wire.Error

// CodeOf is the code of the first [*Error] in err's tree; 0 if there is none.
func CodeOf(err error) wire.Code { return wire.CodeOf(err) }

// failure is the error of a response that is not ok, to a request for peer ("" for a request that
// has none).
func failure(status wire.Status, data []byte, peer string) *Error {
	code, text, err := wire.ParseError(data)
	if err != nil || code.Status() != status || !known(code) {
		return &Error{Status: status, UserID: peer, Text: string(data)}
	}

	return &Error{Status: status, Code: code, UserID: peer, Text: text}
}

// known keeps an application's own bytes from passing for a code: the ranges of the protocol are
// small.
func known(c wire.Code) bool { return c >= 4000 && c < 6000 }

// GoodbyeError is the server ending the connection. Code says why and Text says it in words.
type GoodbyeError struct {
	Code wire.Goodbye
	Text string
}

// Error is the code in words and the server's text.
func (e *GoodbyeError) Error() string {
	if _, ok := wire.ParseReconnect([]byte(e.Text)); e.Text == "" || ok && wire.ParseReason([]byte(e.Text)) == "" {
		return fmt.Sprintf("goodbye %d: %v", uint16(e.Code), e.Code)
	}
	if reason := wire.ParseReason([]byte(e.Text)); reason != "" {
		return fmt.Sprintf("goodbye %d: %s", uint16(e.Code), reason)
	}

	return fmt.Sprintf("goodbye %d: %v: %s", uint16(e.Code), e.Code, e.Text)
}

// notSent is the error of a request that found the client closed because of why. The text of an
// ErrConnectionLost is kept, and its identity is not: ErrConnectionLost means that the outcome is
// unknown.
func notSent(why error) error {
	if errors.Is(why, ErrConnectionLost) {
		return fmt.Errorf("%w: %s", ErrNotConnected, why.Error())
	}

	return fmt.Errorf("%w: %w", ErrNotConnected, why)
}

// stayAway finds in err a goodbye that forbids to connect again.
func stayAway(err error) *GoodbyeError {
	if bye, ok := errors.AsType[*GoodbyeError](err); ok && !bye.Code.ComeBack() {
		return bye
	}

	return nil
}
