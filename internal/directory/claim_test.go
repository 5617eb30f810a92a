package directory

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

func TestAClaimWhoseContextEndsLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 2, Options{})
		user := ownedBy(all[1], "ann", all...)
		all[1].mute.Store(true) // the owner does not confirm
		gone := errors.New("gone")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, gone)
		defer cancel()
		if _, err := all[0].dir.Claim(ctx, user, sidOf(1), 0); !errors.Is(err, gone) {
			t.Error(err)
		}
		all[1].mute.Store(false)
		all[1].dir.Resumed()
		time.Sleep(time.Second)
		for _, p := range all {
			if s := p.dir.Stats(); s.Sessions+s.Entries+s.Waiting+s.Lookups != 0 {
				t.Errorf("%+v", s)
			}
		}
	})
}

func TestBadClaimsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(0)
		defer n.close()
		all := start(t, n, 1, Options{})
		mustClaim(t, all[0], "ann", 1)
		for user, sid := range map[string]node.SID{"": sidOf(2), strings.Repeat("x", 129): sidOf(2), "bob": {}, "ann": sidOf(1)} {
			if _, err := all[0].dir.Claim(t.Context(), user, sid, 0); !errors.Is(err, ErrBadClaim) {
				t.Errorf("%q: %v", user, err)
			}
		}
		if got := <-all[0].lookup(""); got != "not found" {
			t.Error(got)
		}
	})
}

func TestAFullLinkDelaysRegistrationsAndLosesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 2, Options{})
		time.Sleep(time.Second)
		user := ownedBy(all[1], "ann", all...)
		all[0].full.Store(true)
		claimed := make(chan error)
		go func() {
			_, err := all[0].dir.Claim(t.Context(), user, sidOf(1), 0)
			claimed <- err
		}()
		time.Sleep(time.Second)
		all[0].full.Store(false)
		if err := <-claimed; err != nil {
			t.Error(err)
		}
		if s := all[0].dir.Stats(); s.Delayed == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWithoutALeaseNothingIsConfirmedOrDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet(time.Millisecond)
		defer n.close()
		all := start(t, n, 2, Options{})
		time.Sleep(time.Second)
		user := ownedBy(all[1], "ann", all...)
		all[1].mute.Store(true)
		denied := all[0].lookup(ownedBy(all[1], "x", all...))
		all[1].dir.Resumed()
		start := time.Now()
		_, err := all[0].dir.Claim(t.Context(), user, sidOf(1), 0)
		if waited := time.Since(start); !errors.Is(err, ErrUnsettled) || waited < 2*time.Second || waited > 2500*time.Millisecond {
			t.Error(err, waited)
		}
		if got := <-denied; got != "failed" {
			t.Error(got)
		}
	})
}
