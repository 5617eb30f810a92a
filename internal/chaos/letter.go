package chaos

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"

	"github.com/parley-dm/parley/client"
)

// A message says its number among those of its sender to its recipient, and pads itself to some length:
//
//	number u32 | padding
const letterHead = 4

func appendLetter(number int, padding int) []byte {
	msg := make([]byte, letterHead+padding)
	binary.BigEndian.PutUint32(msg, uint32(number))

	return msg
}

func parseLetter(msg []byte) (number int, ok bool) {
	if len(msg) < letterHead {
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
