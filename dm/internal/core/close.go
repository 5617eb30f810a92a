package core

import "slices"

// Close ends all channels of a session whose user has left, each with the last message that
// farewell makes for it: what the session has sent before still arrives before. Drained comes out
// once all has its true outcome. It must be called while the session is Active.
func (s *Session) Close(fx []Effect, now int64, farewell func(c *Conversation) *Item) []Effect {
	s.now = now
	s.state, s.owesDrained = Closing, true
	for _, c := range slices.Backward(s.all) { // backward: one that is over goes, and the last takes its place
		fx = s.submit(fx, c, farewell(c))
	}

	return s.drained(fx)
}

// endLate deals with a channel that is open although its session is over: an offer was still out
// that has opened it, or the farewell waited behind one until its time was up.
func (s *Session) endLate(fx []Effect, c *Conversation) []Effect {
	switch {
	case s.state == Active || !c.Open():
	case s.state == Replaced:
		fx = s.handOver(fx, c)
	case c.Waiting() == 0:
		fx = s.submit(fx, c, &Item{Kind: Leave, Deadline: s.deadline()})
	}

	return fx
}
