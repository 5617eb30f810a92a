package client

import (
	"errors"
	"fmt"
	"strings"

	"github.com/parley-dm/parley/wire"
)

// What can go wrong between the client and its server. Test with errors.Is.
var (
	// ErrClosed: Close was called.
	ErrClosed = errors.New("client: closed")
	// ErrConnectionLost: the connection broke while the request was on its way. Whether the server handled it
	// is unknown.
	ErrConnectionLost = errors.New("client: connection lost")
	// ErrNotConnected: Post found no connection.
	ErrNotConnected = errors.New("client: not connected")
	// ErrQueueFull: Post found the queue of outgoing frames full.
	ErrQueueFull = errors.New("client: queue of outgoing frames is full")
	// ErrProtocol: the server sent bytes that no server should send.
	ErrProtocol = errors.New("client: server broke the protocol")
	// ErrSilent: nothing was heard from the server for two heartbeats.
	ErrSilent = errors.New("client: server is silent")
	// ErrBacklog: callbacks are too slow for what arrives, see the package's Limits.
	ErrBacklog = errors.New("client: too many messages wait for callbacks")
)

// What servers answer to requests, for errors.Is: each stands for every *Error with its code.
var (
	ErrMalformed       error = &Error{Code: wire.CodeMalformed}
	ErrUnknownCommand  error = &Error{Code: wire.CodeUnknownCommand}
	ErrNotAllowed      error = &Error{Code: wire.CodeNotAllowed}
	ErrRateLimit       error = &Error{Code: wire.CodeRateLimit}
	ErrTimeout         error = &Error{Code: wire.CodeTimeout} // the outcome is unknown
	ErrMessageNil      error = &Error{Code: wire.CodeMessageNil}
	ErrNodesNotFound   error = &Error{Code: wire.CodeNodesNotFound}
	ErrUserNotFound    error = &Error{Code: wire.CodeUserNotFound}
	ErrMessageTooLarge error = &Error{Code: wire.CodeTooLarge}
	ErrRecipientBusy   error = &Error{Code: wire.CodeRecipientBusy}
	ErrOverloaded      error = &Error{Code: wire.CodeOverloaded}
	ErrInternal        error = &Error{Code: wire.CodeInternal}
)

// Error is a request that failed: the server's answer, or what the client knew it would be.
type Error struct {
	Code wire.Code // 0 when an application's handler answered in bytes of its own
	Text string    // the server's words; with Code 0 the handler's bytes
	// Status is the response's; 0 when the request never left the client.
	Status wire.Status
}

// Error is the code in words and the server's text.
func (e *Error) Error() string {
	what := e.Code.String()
	if e.Code == 0 {
		what = "request failed with " + e.Status.String()
	}
	switch {
	case e.Text == "":
		return what
	case len(e.Text) >= len(what) && strings.EqualFold(e.Text[:len(what)], what):
		return e.Text // the server says it in the same words
	}

	return what + ": " + e.Text
}

// Is makes errors.Is match errors of one code, as with ErrUserNotFound.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)

	return ok && t.Text == "" && t.Code != 0 && t.Code == e.Code
}

// failure is the error of a response that is not ok.
func failure(status wire.Status, data []byte) *Error {
	code, text, err := wire.ParseError(data)
	if err != nil || code.Status() != status || !known(code) {
		return &Error{Status: status, Text: string(data)}
	}

	return &Error{Status: status, Code: code, Text: text}
}

// known keeps an application's own bytes from passing for a code: the ranges of the protocol are small.
func known(c wire.Code) bool { return c >= 4000 && c < 6000 }

// GoodbyeError is the server ending the connection. Code says why and Text says it in words.
type GoodbyeError struct {
	Code wire.Goodbye
	Text string
}

// Error is the code in words and the server's text.
func (e *GoodbyeError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("goodbye %d: %v", uint16(e.Code), e.Code)
	}
	if reason := wire.ParseReason([]byte(e.Text)); reason != "" {
		return fmt.Sprintf("goodbye %d: %s", uint16(e.Code), reason)
	}

	return fmt.Sprintf("goodbye %d: %v: %s", uint16(e.Code), e.Code, e.Text)
}

// stayAway finds in err a goodbye that forbids to connect again.
func stayAway(err error) *GoodbyeError {
	if bye, ok := errors.AsType[*GoodbyeError](err); ok && !bye.Code.ComeBack() {
		return bye
	}

	return nil
}
