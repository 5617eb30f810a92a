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
const opHead = 4

// words are in every message, and names in every user ID.
const (
	words = "chaos-text-"
	names = "chaos-user-"
)

func appendOp(number int, padding int) []byte {
	msg := binary.BigEndian.AppendUint32(make([]byte, 0, opHead+len(words)+padding), uint32(number))
	for msg = append(msg, words...); padding > 0; padding -= len(words) {
		msg = append(msg, words[:min(padding, len(words))]...)
	}

	return msg
}

func parseOp(msg []byte) (number int, ok bool) {
	if len(msg) < opHead {
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
	cutOff
	recipientBusy
	overloaded
	internalError
	connectionLost
	sentAway
	closedByUs
	unsent // its time ran out while there was no connection
	silence
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
		return cutOff
	case errors.Is(err, client.ErrRecipientBusy):
		return recipientBusy
	case errors.Is(err, client.ErrOverloaded):
		return overloaded
	case errors.Is(err, client.ErrInternal):
		return internalError
	case errors.Is(err, client.ErrConnectionLost):
		return connectionLost
	case errors.As(err, &goodbye):
		return sentAway
	case errors.Is(err, client.ErrClosed):
		return closedByUs
	case errors.Is(err, errImpatient) && !written:
		return unsent
	case errors.Is(err, errImpatient):
		return silence
	}

	return otherError
}

// errImpatient is the cause with which the context of a request ends when patience does.
var errImpatient = errors.New("chaos: no outcome in time")
