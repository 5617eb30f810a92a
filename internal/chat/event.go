package chat

import "github.com/parley-dm/parley/client"

// EventKind says what an Event tells.
type EventKind uint8

// Kinds of events.
const (
	Received EventKind = iota + 1 // Who has sent Text
	Left                          // Who has left, Text may be its last message
	Sent                          // the message with this ID had no error; Result tells its outcome
	Failed                        // the message with this ID has failed with Err
	Changed                       // the connection is now in State
)

// Event is something that happened in a conversation.
type Event struct {
	Kind   EventKind
	Who    string
	Text   []byte
	ID     int
	Err    error
	Result client.Result
	State  client.State
}
