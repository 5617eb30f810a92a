package chaos

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"

	"github.com/parley-dm/parley/client"
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
	"still under way", "delivered", "user not found", "timeout: outcome unknown", "nodes not found", "recipient busy", "overloaded", "internal error",
	"connection lost: outcome unknown", "sent away by a goodbye", "client closed under it", "no connection in time: not sent", "no outcome", "other",
}

func (o outcome) String() string { return outcomeNames[o] }

func outcomeOf(err error, written bool) outcome {
	var goodbye *client.GoodbyeError
	switch {
	case err == nil:
		return delivered
	case errors.Is(err, client.ErrUserNotFound):
		return notFound
	case errors.Is(err, client.ErrTimeout):
		return timedOut
	case errors.Is(err, client.ErrNodesNotFound):
		return nodesNotFound
	case errors.Is(err, client.ErrRecipientBusy):
		return recipientBusy
	case errors.Is(err, client.ErrOverloaded):
		return overloaded
	case errors.Is(err, client.ErrInternal):
		return internalError
	case errors.Is(err, client.ErrConnectionLost):
		return connectionLost
	case errors.As(err, &goodbye):
		return goodbyeReceived
	case errors.Is(err, client.ErrClosed):
		return closedByUs
	case errors.Is(err, errNoOutcome) && !written:
		return unsent
	case errors.Is(err, errNoOutcome):
		return noResponse
	}

	return otherError
}

// errNoOutcome is the cause with which the context of a request ends when patience does.
var errNoOutcome = errors.New("chaos: no outcome in time")
