package channel

// NodeDown says that the link to a node has ended: its sessions are gone. What was under way to it stays unknown; what was not
// yet sent looks for the peer anew.
func (c *Channel) NodeDown(acts []Action, n Node) []Action {
	c.overdue.nodeDown(n)
	gone := c.place.Node == n && c.trust != left
	if c.moved.now.Node == n {
		c.moved = move{}
	}
	if c.in.from.Node == n {
		c.hush()
	} else if c.in.former.Node == n {
		c.in.former, c.in.ended = Place{}, max(c.in.ended, c.in.epoch-1)
	}
	if c.out.via.Node == n {
		acts = c.lose(acts)
	}
	if gone {
		wasOpen := c.open
		c.shut() // but not what a newer session of the peer is writing from elsewhere
		if wasOpen {
			acts = append(acts, Action{Do: Cleared})
		}
	}

	return c.pump(acts)
}

// lose ends what is under way in Timeout.
func (c *Channel) lose(acts []Action) []Action {
	for len(c.out.flight) > 0 {
		acts = append(acts, finish(c.land(0), Timeout))
	}
	if c.out.asking == finding {
		c.out.asking = steady
	}
	c.out.spent = true

	return acts
}

// Retire says that the user's session was replaced by a newer one: what is under way may still be answered, all else ends in
// Canceled, and nothing more is sent. It returns where the peer is if the channel is open: the newer session adopts it. A find that is
// still under way may open the channel afterwards: then Retire is to be called again.
func (c *Channel) Retire(acts []Action) ([]Action, Place, bool) {
	c.retired = true
	if c.out.asking == locating {
		acts = c.giveUp(append(acts, finish(c.land(0), Canceled)))
	}
	for i, it := range c.out.queue {
		acts = append(acts, finish(it, Canceled))
		c.out.queue[i] = nil
	}
	c.out.queue = c.out.queue[:0]
	if c.out.asking == pausing {
		c.out.asking = steady
	}
	at, was := c.place, c.open && c.place.Known()
	c.end()

	return acts, at, was
}

// Adopt opens the channel that an older session of the user had, unless this session has met the peer already: then it knows better.
func (c *Channel) Adopt(at Place) {
	if c.open || c.retired || c.met {
		return
	}
	if c.in.from.Known() { // the peer writes to this session already
		at = c.in.from
	}
	c.open = true
	c.at(at)
}

// Relocate says that the peer's session old has been replaced by the one at now.
func (c *Channel) Relocate(old SID, now Place) {
	if c.moved.now.Known() && now.SID == c.moved.old { // told in the wrong order
		now = c.moved.now
	}
	c.moved = move{old, now}
	if c.open && c.place.SID == old {
		c.at(now)
		c.in.old = c.in.old || c.in.from.SID == old
	}
}
