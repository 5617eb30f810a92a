package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nats-io/nats.go"
)

// Errors of a bucket. Test with errors.Is.
var (
	// ErrUnavailable: no answer came in time. The text says whether the outcome is unknown.
	ErrUnavailable = errors.New("the storage is unavailable")
	// ErrContended: other writers were faster each time.
	ErrContended = errors.New("too many writers of the key at once")
	// ErrFull: the stream is at its bound.
	ErrFull = errors.New("the storage is full")
	// ErrTooLarge: the message is longer than the server takes.
	ErrTooLarge = errors.New("the value is too large")

	errConflict = errors.New("the key has changed")
	errNoStream = errors.New("the stream is not there yet")
)

// apiError is the "error" of JetStream's answers.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

// Codes of JetStream's errors.
const (
	codeNoMessage        = 10037
	codeNoResources      = 10023
	codeAccountResources = 10002
	codeMemoryResources  = 10028
	codeStorageResources = 10047
	codeMessageTooLarge  = 10054
	codeStreamNotFound   = 10059
	codeWrongSequence    = 10071
	codeStoreFailed      = 10077
	codeWrongSequenceNow = 10164 // with another write of the key under way
)

func (e *apiError) err() error {
	switch e.ErrCode {
	case codeWrongSequence, codeWrongSequenceNow:
		return errConflict
	case codeStreamNotFound:
		return errNoStream
	case codeMessageTooLarge:
		return ErrTooLarge
	case codeNoResources, codeAccountResources, codeMemoryResources, codeStorageResources:
		return fmt.Errorf("%w: %s", ErrFull, e.Description)
	case codeStoreFailed:
		if strings.Contains(e.Description, "maximum bytes") {
			return ErrFull
		}
	}

	return fmt.Errorf("%s (code %d)", e.Description, e.ErrCode)
}

// transient tells whether a later attempt may go better.
func transient(err error) bool {
	return !errors.Is(err, errConflict) && !errors.Is(err, ErrFull) && !errors.Is(err, ErrTooLarge)
}

// certainlyNotSent tells whether a request with this error has had no effect.
func certainlyNotSent(err error) bool {
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, errNoStream) || errors.Is(err, errConflict) ||
		errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrConnectionClosed) || !transient(err)
}

// reason is an error of a request in plain words.
func reason(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return "no answer in time"
	case errors.Is(err, nats.ErrNoResponders):
		return "no node keeps it at the moment"
	case errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrDisconnected), errors.Is(err, io.EOF):
		return "no connection to a node that keeps it"
	case errors.Is(err, nats.ErrConnectionClosed):
		return "this node is stopping"
	case errors.Is(err, context.Canceled):
		return "the caller has cancelled it"
	}

	return err.Error()
}
