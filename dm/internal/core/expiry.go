package core

import (
	"math"
	"slices"
)

// Expire ends what has waited too long, with Timeout. It visits only conversations in which
// something waits.
func (s *Session) Expire(fx []Effect, now int64) []Effect {
	s.now = now
	for _, c := range slices.Backward(s.pending) { // backward: one in which nothing waits any more goes, and the last takes its place
		fx = s.settled(c.expire(fx, now), c)
	}

	return fx
}

// Abandon ends everything that waits in Timeout, and forgets what no answer is waited for any more.
func (s *Session) Abandon(fx []Effect) []Effect {
	for _, c := range slices.Backward(s.all) {
		fx = c.expire(fx, math.MaxInt64)
		c.overdue = nil
		fx = s.settled(fx, c)
	}

	return fx
}
