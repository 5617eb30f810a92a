package gateway

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/parley-dm/parley/wire"
)

// awaitTurn delays a login while its address, or its user, logs in too often. It returns false if
// the session has ended.
func (s *session) awaitTurn(ctx context.Context, userID string) bool {
	wait, why := s.gw.door.login(s.address), DeniedAddressLogins
	refused := wait > longestLoginWait
	if !refused {
		if later := s.gw.userLogins.delay(userID); later > wait {
			wait, why = later, DeniedUserLogins
			refused = wait > longestLoginDelay
		}
	}
	if refused {
		s.gw.deny(why, s.addr)
		s.comeBack("too many logins: try again later", wait)

		return false
	}
	if wait == 0 {
		return true
	}
	s.gw.count.delayed.Add(1)
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		s.closeWith(wire.GoodbyeStopping, s.gw.reconnectText(), CauseRefused)

		return false
	}
}

// comeBack refuses a login with the request to try again after a time, spread over twice that time:
// clients that were refused together must not return together.
func (s *session) comeBack(text string, after time.Duration) {
	again := &Refusal{Text: text, After: spread(after)}
	s.closeWith(wire.GoodbyeStopping, again.text(), CauseRefused)
}

// spread is a random time from d to 3 d.
func spread(d time.Duration) time.Duration {
	if d <= 0 {
		return d
	}

	return d + rand.N(2*d)
}
