package core

import "math"

// Expire ends what has waited too long, with Timeout. It visits only conversations in which something waits.
func (s *Session) Expire(fx []Effect, now int64) []Effect {
	s.now = now
	for i := len(s.pending) - 1; i >= 0; i-- {
		if i < len(s.pending) {
			c := s.pending[i]
			fx = s.settled(c.expire(fx, now), c)
		}
	}

	return fx
}

// Abandon ends everything that waits in Timeout, and forgets what no answer is waited for any more.
func (s *Session) Abandon(fx []Effect) []Effect {
	for i := len(s.all) - 1; i >= 0; i-- {
		if i < len(s.all) {
			c := s.all[i]
			fx = c.expire(fx, math.MaxInt64)
			c.overdue = nil
			fx = s.settled(fx, c)
		}
	}

	return fx
}
