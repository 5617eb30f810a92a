package user

import "errors"

// Errors of a Conn. Test with errors.Is.
var (
	// ErrBusy: the connection's queue of outgoing bytes is full.
	ErrBusy = errors.New("user: the connection's queue is full")
	// ErrGone: the session is over.
	ErrGone = errors.New("user: the session is over")
	// ErrTooLarge: the message does not fit into a frame.
	ErrTooLarge = errors.New("user: message too large")
)

// Conn carries frames to one client. All methods are safe for use by several goroutines and never
// wait for the client; what they are given they copy before they return.
type Conn interface {
	// Push sends a message that no request asked for. If it returns an error, nothing was sent and done is not
	// called; otherwise done (if not nil) is told the outcome exactly once, perhaps before Push returns.
	// With reliable false the connection may use a way that can lose the message, if it has one.
	Push(ver uint8, cmd uint16, message []byte, reliable bool, done Done) error
	// Respond answers the request with that id. Message is what follows the status.
	Respond(id uint32, ver uint8, cmd uint16, status uint8, message []byte, reliable bool) error
	// Close tells the client why (a goodbye code and a text), flushes what it can at once, and ends the connection.
	// Later calls do nothing.
	Close(code uint16, text string)
	// Addr is the client's network address, such as "127.0.0.1:50211".
	Addr() string
	// Transport is "tcp", "tls", "ws", "wss" or "quic".
	Transport() string
}

// Done is told what became of a pushed message.
type Done interface {
	// Pushed is called with nil once the operating system has taken all bytes of the message on the
	// client's connection, with ErrGone if the connection ended before. It must not block: it may be called
	// by whoever is writing to the connection.
	Pushed(err error)
}
