package core

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

// retire says that the session was replaced by a newer one: what is under way may still be
// answered, all else ends in Canceled, and nothing more is sent. It returns where the peer is if
// the channel is open: the newer session adopts it. An offer that is still under way may open the
// channel afterwards: then retire is called again.
func (c *Conversation) retire(fx []Effect) ([]Effect, Place, bool) {
	if c.out.phase == locating {
		fx = c.giveUp(c.finish(fx, c.untrack(0), Canceled))
	}
	for i, it := range c.out.queue {
		fx = c.finish(fx, it, Canceled)
		c.out.queue[i] = nil
	}
	c.out.queue = c.out.queue[:0]
	if c.out.phase == pausing {
		c.out.phase = steady
	}
	at, was := c.place, c.Open() && c.place.Known()
	c.close()

	return fx, at, was
}

// adopt opens the channel that an older session of the user had, unless this session has opened one
// already: then it knows better.
func (c *Conversation) adopt(at Place) {
	if c.state != unopened || c.retired() {
		return
	}
	if c.in.from.Known() { // the peer writes to this session already
		at = c.in.from
	}
	c.state = adopted
	c.at(at)
}

// relocate says that the peer's session old has been replaced by the one at now.
func (c *Conversation) relocate(old SID, now Place) {
	if c.moved.now.Known() && now.SID == c.moved.old { // told in the wrong order
		now = c.moved.now
	}
	c.moved = move{old, now}
	if c.Open() && c.place.SID == old {
		c.at(now)
		c.in.superseded = c.in.superseded || c.in.from.SID == old
	}
}
