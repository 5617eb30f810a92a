package chaos

import (
	"context"
	"testing"

	"github.com/parley-dm/parley/client"
)

func TestNodesCountAsFaultyWhileTheNetworkDidNotRun(t *testing.T) {
	s := newFakeRun(t)
	s.login(s.bob, 1, second)
	s.send(10*second, client.ErrUserNotFound)
	s.lag.add(9*second, 9*second+moment(lagEvery))
	s.wantViolations(t, falseNotFound)
	s.lag.add(9*second, 10*second)
	s.wantViolations(t)
}

func TestTheLagOfANetworkIsMeasured(t *testing.T) {
	s := newFakeRun(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*lagEvery)
	defer cancel()
	if err := s.lag.watch(ctx, &loopback{}, s.history.now); err != nil {
		t.Fatal(err)
	}
	if s.lag.longest < lagEvery/2 {
		t.Errorf("%v", s.lag.longest)
	}
}
