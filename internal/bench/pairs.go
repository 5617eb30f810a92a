package bench

import (
	"context"
	"sync/atomic"
)

// pair is two users: a sends a ping, b echoes it.
type pair struct {
	a, b       *conn
	sentAt     atomic.Int64  // when the ping under way left, ns since the run began; 0: none is
	roundTrips atomic.Uint64 // done
}

func closePairs(pairs []*pair) {
	for _, p := range pairs {
		p.a.close()
		p.b.close()
	}
}

// pairs logs the users in and gives each its recipient. User 2n and user 2n+1 are a pair. On two
// servers, half of the pairs have their first user on the first one, so that both have the same to
// do.
func (s *system) pairs(ctx context.Context, load Load) ([]*pair, error) {
	servers := len(s.addrs)
	where := func(i int) int {
		if load.SameNode {
			return i / 2 % servers
		}

		return (i/2 + i%2) % servers
	}
	conns, err := s.loginUsers(ctx, 2*load.Pairs, where, nil)
	if err != nil {
		return nil, err
	}
	pairs := make([]*pair, load.Pairs)
	for i := range pairs {
		a, b := conns[2*i], conns[2*i+1]
		a.setRecipient(b.user, load.Size)
		b.setRecipient(a.user, load.Size)
		pairs[i] = &pair{a: a, b: b}
	}

	return pairs, nil
}
