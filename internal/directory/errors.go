package directory

import (
	"errors"

	"github.com/parley-dm/parley/internal/node"
)

// Errors of [Directory.Claim]. Test with errors.Is.
var (
	// ErrReplaced: a newer login of the user exists. A [ReplacedError] matches it and names the
	// place.
	ErrReplaced = errors.New("replaced by a newer login")
	// ErrUnsettled: the owner could not decide in time, because its cluster had not settled or too
	// many requests wait there.
	ErrUnsettled = errors.New("the cluster has not settled in time")
	// ErrReleased: the session was released before its claim was decided.
	ErrReleased = errors.New("released during the claim")
	// ErrBadClaim: the user ID is empty or longer than MaxUserID, the SID is zero, or the session
	// was claimed before.
	ErrBadClaim = errors.New("no valid claim")
)

// MaxUserID bounds a user ID, in bytes.
const MaxUserID = 128

// ReplacedError is the error of a claim that lost to a newer login.
type ReplacedError struct {
	Next node.Place // of the newer login
}

// Error names the node of the newer login.
func (e *ReplacedError) Error() string {
	return ErrReplaced.Error() + " at " + e.Next.Node.String()
}

// Is matches ErrReplaced.
func (e *ReplacedError) Is(target error) bool { return target == ErrReplaced }
