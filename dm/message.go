package dm

import (
	"time"

	"github.com/parley-dm/parley/wire"
)

// Message is what a user sends to another: the recipient's client gets Body as a push with Ver and
// Cmd.
//
// Ver 1 belongs to the engine. With Cmd 701 the push carries the sender's ID ahead of the body, as
// that of the built-in command 701; with any other Cmd it is exactly the body.
type Message struct {
	Ver  uint8
	Cmd  uint16
	Body []byte // 1 to [Settings.MaxMessageSize] bytes
}

// Receipt is the outcome of a message that had no error. The zero Receipt is no outcome.
type Receipt = wire.Receipt

// Result says how a message that had no error ended.
type Result = wire.Result

// Results.
const (
	Delivered = wire.Delivered // handed to the operating system of the recipient's node, on the recipient's connection
	Declined  = wire.Declined  // a SetOnReceiveMessage callback returned false
	Dropped   = wire.Dropped   // a SetOnMessage callback emptied it
)

// Channel is what a user has with a peer once a message has passed between them.
type Channel struct {
	Peer string    // the peer's user ID
	Node string    // the node where the peer is, as far as known: "" if it must be looked up anew
	Used time.Time // when something last passed, to about a second
}
