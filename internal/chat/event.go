package chat

import "github.com/parley-dm/parley/client"

// EventKind is the kind of an Event.
type EventKind uint8

// Kinds of events.
const (
	Received EventKind = iota + 1 // User has sent Text
	Left                          // User has left; Text may be its last message
	Sent                          // the message with this ID had no error; Result tells its outcome
	Failed                        // the message with this ID has failed with Err
	Changed                       // the connection is now in State
)

// Event is something that happened in a conversation.
type Event struct {
	Kind   EventKind
	User   string
	Text   []byte
	ID     int
	Err    error
	Result client.Result
	State  client.State
}
