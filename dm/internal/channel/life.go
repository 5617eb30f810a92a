package channel

// NodeDown says that a node is gone, with all its sessions. What was in flight to it stays unknown; what was not
// yet sent looks for the peer anew.
func (c *Channel) NodeDown(acts []Action, n Node) []Action {
	gone := c.place.Node == n && c.trust != left
	if c.moved.now.Node == n {
		c.moved = move{}
	}
	if c.in.from.Node == n {
		c.hush()
	} else if c.in.former.Node == n {
		c.in.former, c.in.ended = Place{}, max(c.in.ended, c.in.epoch-1)
	}
	if c.out.via.Node == n && c.out.asking != finding {
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

// PathLost says that the way to a node is lost, not the node: what was in flight stays unknown, and what
// comes next finds its way anew.
func (c *Channel) PathLost(acts []Action, n Node) []Action {
	if c.out.via.Node != n || c.out.asking == finding || len(c.out.flight) == 0 {
		return acts
	}
	if c.place == c.out.via {
		c.trust = doubtful
	}
	last := c.out.flight[len(c.out.flight)-1]
	if last.Kind.Ends() { // an end may be told twice: only the first counts
		c.land(len(c.out.flight) - 1)
		last.twice = true
		acts = c.lose(acts)
		c.unshift(last)
	} else {
		acts = c.lose(acts)
	}

	return c.pump(acts)
}

func (c *Channel) lose(acts []Action) []Action {
	for len(c.out.flight) > 0 {
		acts = append(acts, finish(c.land(0), Timeout))
	}
	c.out.spent = true

	return acts
}

// Retire says that the user's session was replaced by a newer one: what is in flight may still be answered,
// what is queued ends in Canceled, but for an end that is under way. It returns where the peer is if the channel is open: the newer
// session adopts it. A find that is still out may open the channel afterwards: then Retire is to be called again.
func (c *Channel) Retire(acts []Action) ([]Action, Place, bool) {
	c.retired = true
	kept := c.out.queue[:0]
	for _, it := range c.out.queue {
		if it.insist {
			kept = append(kept, it)
		} else {
			acts = append(acts, finish(it, Canceled))
		}
	}
	clear(c.out.queue[len(kept):])
	c.out.queue = kept
	if c.out.asking == pausing && len(kept) == 0 {
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
