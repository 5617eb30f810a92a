package dive

import (
	"errors"
	"fmt"
	"strings"

	"github.com/parley-dm/parley/dive/internal/bucket"
	"github.com/parley-dm/parley/internal/value"
)

// What can go wrong. Test with errors.Is: the errors of operations are of type *[Error] and wrap
// one of these.
var (
	// ErrUnavailable: the storage could not be reached within its timeout. If the text says that
	// the outcome is unknown, the write may have happened.
	ErrUnavailable = bucket.ErrUnavailable
	// ErrNotFound: the key is not there: never set, deleted, popped to its end, or expired.
	ErrNotFound = errors.New("the key is not there")
	// ErrExists: SetIfNotExists found a value.
	ErrExists = errors.New("the key has a value")
	// ErrContended: other writers of the key were faster each time. Nothing was written.
	ErrContended = bucket.ErrContended
	// ErrFull: the storage's maxBytes are used up. Nothing was written.
	ErrFull = bucket.ErrFull
	// ErrTooLarge: a value, or a list with what is pushed to it, is longer than a storage takes.
	// Nothing was written.
	ErrTooLarge = bucket.ErrTooLarge
	// ErrInvalidKey: keys are 1 to 200 bytes.
	ErrInvalidKey = errors.New("no key")
	// ErrInvalidTTL: times to live are 1 to 86400 seconds.
	ErrInvalidTTL = errors.New("no time to live")
	// ErrInvalidRange: a range ends before it begins, or fewer than one element are to be popped.
	ErrInvalidRange = errors.New("no range")
	// ErrInvalidValue: the value is of a type that storages do not keep.
	ErrInvalidValue = value.ErrType
	// ErrKind: the key holds another kind of value than the operation or the conversion asks for.
	ErrKind = value.ErrKind
	// ErrOverflow: the sum does not fit the counter's type. Nothing was written.
	ErrOverflow = errors.New("the sum does not fit the counter")
	// ErrSetup: dive.json, or an option, is wrong.
	ErrSetup = errors.New("wrong settings")
	// ErrUnknownStorage: no storage has that name, or it is none.
	ErrUnknownStorage = errors.New("no storage")
	// ErrDuplicateStorage: a storage has that name already.
	ErrDuplicateStorage = errors.New("a storage has that name")
)

// Error says what has failed: the operation (its name without Ex and Context), the storage, the key
// and why.
type Error struct {
	Op      string
	Storage string
	Key     string
	Err     error
}

// Error names everything in one line.
func (e *Error) Error() string {
	text := "dive: " + e.Op
	if e.Key != "" {
		text += fmt.Sprintf(" %q", e.Key)
	}
	if e.Storage != "" {
		text += fmt.Sprintf(" in %q", e.Storage)
	}

	return text + ": " + e.Err.Error()
}

// Unwrap is why.
func (e *Error) Unwrap() error { return e.Err }

// kindError is [ErrKind] with what is held and what was asked for.
type kindError struct{ text string }

func newKindError(held any, asked string, why error) error {
	text := fmt.Sprintf("it holds %s, asked for was %s", value.Name(held), asked)
	if why != nil && why != ErrKind { //nolint:errorlint // whether it says more than ErrKind itself
		text += ": " + strings.TrimPrefix(why.Error(), ErrKind.Error()+": ")
	}

	return &kindError{text}
}

func (e *kindError) Error() string { return e.text }

func (*kindError) Unwrap() error { return ErrKind }

// Operations, as errors name them.
const (
	opSet            = "Set"
	opSetIfNotExists = "SetIfNotExists"
	opGet            = "Get"
	opDel            = "Del"
	opIncrBy         = "IncrBy"
	opLPush          = "LPush"
	opRPush          = "RPush"
	opLPop           = "LPop"
	opRPop           = "RPop"
	opLRange         = "LRange"
	opWatch          = "Watch"
	opKeys           = "Keys"
	opNew            = "New"
	opSetup          = "Setup"
)
