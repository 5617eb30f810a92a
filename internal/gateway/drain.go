package gateway

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/parley-dm/parley/wire"
)

// A draining gateway takes no new clients and sends the ones that it has away, few at a time: so
// the other nodes get their logins, and their peers' lookups, few at a time as well.

const (
	// drainPace is the least time between two goodbyes, on average: a node with few clients drains
	// in less than the time that it is given.
	drainPace = 2 * time.Millisecond
	// drainStep is how often a draining gateway looks whose turn it is.
	drainStep = 10 * time.Millisecond
	// minReconnectSpread is the least interval over which clients spread their reconnects.
	minReconnectSpread = 200 * time.Millisecond
)

// DrainOver is Drain with the goodbyes spread over that time, or less if there are few clients.
// Those whose turn has not come are served as before. When ctx ends, the rest is sent away at once.
func (g *Gateway) DrainOver(ctx context.Context, spread time.Duration) error {
	g.stop()
	all := g.wheel.all()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	pace := time.Duration(len(all)) * drainPace
	spread = min(spread, pace)
	within := min(reconnectSpread, max(minReconnectSpread, pace))
	t := time.NewTicker(drainStep)
	defer t.Stop()
	next := 0
	for begun := time.Now(); next < len(all) && ctx.Err() == nil && g.wheel.size() > 0; {
		due := len(all)
		if passed := time.Since(begun); passed < spread {
			due = int(float64(len(all)) * float64(passed) / float64(spread))
		}
		for ; next < due; next++ {
			all[next].sendAway(within)
		}
		if next == len(all) {
			break
		}
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	for _, s := range all[next:] {
		s.sendAway(within)
	}

	return g.finish(ctx)
}

// sendAway says goodbye to a client, which comes back within that time.
func (s *session) sendAway(within time.Duration) {
	s.closeWith(wire.GoodbyeStopping, string(wire.AppendReconnect(nil, rand.N(within))), CauseStopping)
}

// size is the number of sessions in the wheel.
func (w *wheel) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()

	return w.count
}
