package session

import (
	"errors"
	"time"
)

// Errors of a Conn. Test with errors.Is.
var (
	// ErrBusy: the connection's queue of outgoing bytes is full.
	ErrBusy = errors.New("session: the connection's queue is full")
	// ErrClosed: the session is over.
	ErrClosed = errors.New("session: it is over")
	// ErrTooLarge: the message does not fit into a frame.
	ErrTooLarge = errors.New("session: message too large")
)

// Conn carries frames to one client. All methods are safe for use by several goroutines, never wait
// for the client, and copy what they are given before they return.
type Conn interface {
	// Push sends a message that no request asked for. If it returns an error, nothing was sent and
	// done is not called; otherwise done (if not nil) gets the outcome exactly once, perhaps before
	// Push returns. With reliable false the connection may use a way that can lose the message.
	Push(ver uint8, cmd uint16, message []byte, reliable bool, done Done) error
	// Respond answers the request with that id. Message is what follows the status.
	Respond(id uint32, ver uint8, cmd uint16, status uint8, message []byte, reliable bool) error
	// Hold keeps the client from being read, or ends that, for one reason; other reasons stand by
	// themselves. A frame that is being handled is not affected.
	Hold(why HoldReason, on bool)
	// Close sends a goodbye with this code and text, flushes what the system takes at once, and
	// ends the connection. Later calls do nothing.
	Close(code uint16, text string)
	// Addr is the client's network address, such as "127.0.0.1:50211".
	Addr() string
	// Latency is how long the client took to answer the latest ping that it has answered; 0: none
	// yet.
	Latency() time.Duration
	// Transport is "tcp", "tls", "ws", "wss" or "quic".
	Transport() string
}

// HoldReason is why a client is not read from.
type HoldReason uint8

// The reasons.
const (
	HoldMessages HoldReason = iota // too many of its messages wait for their outcomes
	HoldCommands                   // too many of its commands wait for the program's handlers
)

// Done receives the outcome of a pushed message.
type Done interface {
	// Pushed is called with nil once the operating system has taken all bytes of the message on the
	// client's connection, with ErrClosed if the connection ended before. It must not block: the
	// goroutine that writes to the connection may call it.
	Pushed(err error)
}
