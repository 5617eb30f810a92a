package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/user"
)

func TestTheResultsOfAHookAreChecked(t *testing.T) {
	cause := errors.New("database password is hush")
	later := time.Now().Add(time.Hour)
	for name, row := range map[string]struct {
		id   string
		exp  time.Time
		err  error
		want error // nil: accepted
	}{
		"accepted":               {"alice", time.Time{}, nil, nil},
		"accepted with expiry":   {"alice", later, nil, nil},
		"refused":                {"alice", later, cause, auth.ErrTokenRefused},
		"refused with a reason":  {"", later, fmt.Errorf("hush: %w", auth.ErrTokenExpired), auth.ErrTokenExpired},
		"expired":                {"alice", time.Now(), nil, auth.ErrTokenExpired},
		"no user ID":             {"", later, nil, auth.ErrTokenRefused},
		"a bad user ID":          {"a\nb", later, nil, auth.ErrTokenRefused},
		"the context has ended":  {"", later, context.Canceled, auth.ErrUnavailable},
		"a user ID not in UTF-8": {"\xff", later, nil, auth.ErrTokenRefused},
	} {
		t.Run(name, func(t *testing.T) {
			remote := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7}
			hook := auth.Hook(func(_ context.Context, token string, from net.Addr) (string, time.Time, error) {
				if token != "ticket" || from != net.Addr(remote) {
					t.Errorf("the hook got %q, %v", token, from)
				}

				return row.id, row.exp, row.err
			})
			id, err := hook.Identify(t.Context(), "ticket", remote)
			switch {
			case row.want == nil:
				if err != nil || id != (auth.Identity{UserID: row.id, ExpiresAt: row.exp}) {
					t.Errorf("Identify = %+v, %v", id, err)
				}
			case !errors.Is(err, row.want) || err.Error() != row.want.Error() || id != (auth.Identity{}):
				t.Errorf("Identify = %+v, %v; want %v", id, err, row.want)
			case row.err != nil && !errors.Is(err, row.err):
				t.Errorf("%v does not wrap the cause", err)
			}
		})
	}
	_, err := auth.Hook(func(context.Context, string, net.Addr) (string, time.Time, error) { return "", time.Time{}, nil }).
		Identify(t.Context(), "", nil)
	if !errors.Is(err, user.ErrBadID) {
		t.Errorf("%v does not wrap ErrBadID", err)
	}
}

func TestAHookThatPanicsRefusesForNow(t *testing.T) {
	hook := auth.Hook(func(context.Context, string, net.Addr) (string, time.Time, error) { panic("hush") })
	_, err := hook.Identify(t.Context(), "ticket", nil)
	if !errors.Is(err, auth.ErrUnavailable) || !auth.MayRetry(err) || err.Error() != auth.ErrUnavailable.Error() {
		t.Errorf("Identify: %v", err)
	}
}
