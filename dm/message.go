package dm

import (
	"time"

	"github.com/parley-dm/parley/dm/internal/channel"
)

// Message is what a user sends to another: the recipient's client gets Body as a push with Ver and Cmd.
//
// Ver 1 belongs to the engine. With Cmd 701 the push carries the sender's ID ahead of the body, as that of the built-in
// command 701; with any other Cmd it is exactly the body.
type Message struct {
	Ver  uint8
	Cmd  uint16
	Body []byte
}

// Result says how a message that had no error ended.
type Result uint8

// Results.
const (
	Delivered Result = iota + 1 // handed to the operating system of the recipient's node, on the recipient's connection
	Declined                    // a SetOnReceiveMessage callback returned false
	Dropped                     // a SetOnMessage callback made it empty
)

func (r Result) String() string {
	switch r {
	case Delivered:
		return "delivered"
	case Declined:
		return "declined"
	case Dropped:
		return "dropped"
	default:
		return "unknown"
	}
}

// Receipt is the outcome of a message that had no error.
type Receipt struct {
	Result Result
}

func receipt(o channel.Outcome) Receipt {
	switch o {
	case channel.Delivered:
		return Receipt{Delivered}
	case channel.Declined:
		return Receipt{Declined}
	case channel.Dropped:
		return Receipt{Dropped}
	default:
		return Receipt{}
	}
}

// Channel is what a user has with a peer once a message has passed between them.
type Channel struct {
	Peer string    // the peer's user ID
	Node string    // the node where the peer is, as far as known: "" if it must be found anew
	Used time.Time // when a message last passed, to about a second
}

// The engine's own commands and pushes, all of ver 1.
const (
	engineVer     uint8  = 1
	cmdDisconnect uint16 = 700
	cmdSend       uint16 = 701
	cmdConnect    uint16 = 702
)
