package core

import "slices"

// NodeDown says that the link to a node has ended: every channel with a user there ends, and what
// was under way to it is unknown.
func (s *Session) NodeDown(fx []Effect, now int64, n Node) []Effect {
	s.now = now
	for _, c := range slices.Backward(s.all) {
		fx = s.settled(c.nodeDown(fx, n), c)
	}

	return s.notifyOrphanedPeers(fx, n)
}

// notifyOrphanedPeers tells the peers of a session that was replaced where the newer one was,
// because its node has just died: it may not have come to that itself.
func (s *Session) notifyOrphanedPeers(fx []Effect, dead Node) []Effect {
	if s.next.Node != dead || s.state != Replaced {
		return fx
	}
	for _, k := range s.handed {
		fx = append(fx, Effect{Kind: Relocate, To: Place{Node: k.At.Node}, Relocation: &Relocation{
			Peer: k.At.SID, Old: s.cfg.Place.SID, Now: s.next, User: s.cfg.User,
		}})
	}
	s.handed = nil

	return fx
}

// nodeDown says that the link to a node has ended: its sessions are gone. What was under way to it
// stays unknown; what was not yet sent looks for the peer anew.
func (c *Conversation) nodeDown(fx []Effect, n Node) []Effect {
	c.overdue.nodeDown(n)
	gone := c.place.Node == n && c.trust != left
	if c.moved.now.Node == n {
		c.moved = move{}
	}
	if c.in.from.Node == n {
		c.fenceInbound()
	} else if c.in.former.Node == n {
		c.in.former, c.in.ended = Place{}, max(c.in.ended, c.in.epoch-1)
	}
	if c.out.via.Node == n {
		fx = c.lose(fx)
	}
	if gone {
		wasOpen := c.Open()
		c.resetOutbound() // but not what a newer session of the peer is writing from elsewhere
		if wasOpen {
			fx = append(fx, Effect{Kind: Cleared, Conv: c})
		}
	}

	return c.pump(fx)
}

// lose ends what is under way in Timeout.
func (c *Conversation) lose(fx []Effect) []Effect {
	for len(c.out.inflight) > 0 {
		fx = c.finish(fx, c.untrack(0), Timeout)
	}
	if c.out.phase == probing {
		c.out.phase = steady
	}
	c.out.needsEpoch = true

	return fx
}
