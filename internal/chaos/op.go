package chaos

import (
	"encoding/binary"
	"math/rand/v2"
)

// A message says its number among those of its sender to its recipient, and pads itself to some
// length with words that are searched for between nodes:
//
//	number u32 | words | padding: words again
const opHeader = 4

// messageMarker is in every message, and userIDMarker in every user ID.
const (
	messageMarker = "chaos-text-"
	userIDMarker  = "chaos-user-"
)

func appendOp(number int, padding int) []byte {
	msg := binary.BigEndian.AppendUint32(make([]byte, 0, opHeader+len(messageMarker)+padding), uint32(number))
	for msg = append(msg, messageMarker...); padding > 0; padding -= len(messageMarker) {
		msg = append(msg, messageMarker[:min(padding, len(messageMarker))]...)
	}

	return msg
}

func parseOp(msg []byte) (number int, ok bool) {
	if len(msg) < opHeader {
		return 0, false
	}

	return int(binary.BigEndian.Uint32(msg)), true
}

// padding is mostly little, sometimes some packets long.
func padding(rng *rand.Rand) int {
	if rng.IntN(50) == 0 {
		return rng.IntN(20_000)
	}

	return rng.IntN(200)
}

// outcome is how a request ended for its sender.
type outcome uint8

const (
	pending outcome = iota // it has not
	delivered
	notFound
	timedOut
	nodesNotFound
	recipientBusy
	overloaded
	internalError
	connectionLost
	goodbyeReceived
	closedByUs
	unsent // its time ran out while there was no connection
	noResponse
	otherError

	outcomes
)

var outcomeNames = [outcomes]string{
	"pending", "delivered", "user not found", "timeout: outcome unknown", "nodes not found", "recipient busy", "overloaded", "internal error",
	"connection lost: outcome unknown", "goodbye received", "client closed", "not sent: no connection in time", "no outcome", "other",
}

func (o outcome) String() string { return outcomeNames[o] }
