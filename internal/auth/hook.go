package auth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"github.com/parley-dm/parley/user"
)

// Hook is a program's own authentication, in place of JWTs. It gets the token of a client's hello
// as the client sent it and the address of the connection's other end, and returns the user ID and
// when the session ends (zero: never). The context ends with the time for a login, and when the
// node stops; Hook must return then. Hook is called from several goroutines at once, and may block.
//
// An error refuses the client. The client sees the text of an ErrToken error that the error wraps;
// of any other error the client sees only ErrTokenRefused, because the text may be the program's
// secret. A context's error and a panic count as ErrUnavailable.
type Hook func(ctx context.Context, token string, remote net.Addr) (userID string, expiresAt time.Time, err error)

// Identify calls the hook and checks its results. The error is one of the ErrToken errors;
// errors.Is and errors.As find the hook's own error in it, for the log.
func (h Hook) Identify(ctx context.Context, token string, remote net.Addr) (Identity, error) {
	id, expiresAt, err := h.call(ctx, token, remote)
	if err != nil {
		return Identity{}, &hookError{shown: shownError(err), cause: err}
	}
	if err := user.CheckID(id); err != nil {
		return Identity{}, &hookError{shown: ErrTokenRefused, cause: fmt.Errorf("the hook's user ID: %w", err)}
	}
	if !expiresAt.IsZero() && !time.Now().Before(expiresAt) {
		return Identity{}, ErrTokenExpired
	}

	return Identity{UserID: id, ExpiresAt: expiresAt}, nil
}

func (h Hook) call(ctx context.Context, token string, remote net.Addr) (id string, expiresAt time.Time, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: the hook panicked: %v\n%s", ErrUnavailable, v, debug.Stack())
		}
	}()

	return h(ctx, token, remote)
}

func shownError(err error) error {
	for _, known := range []error{
		ErrTokenMissing, ErrTokenMalformed, ErrTokenForged, ErrTokenExpired, ErrTokenNotYet, ErrTokenSubject,
		ErrTokenIssuer, ErrTokenAudience, ErrTokenUnknownKey, ErrUnavailable,
	} {
		if errors.Is(err, known) {
			return known
		}
	}

	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return ErrUnavailable
	}

	return ErrTokenRefused
}

// hookError has the text for the client, and the cause for errors.Is.
type hookError struct{ shown, cause error }

func (e *hookError) Error() string   { return e.shown.Error() }
func (e *hookError) Unwrap() []error { return []error{e.shown, e.cause} }
