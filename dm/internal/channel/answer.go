package channel

// Reply is a receiving side's answer to an item.
type Reply struct {
	Epoch   uint64
	Seq     uint32
	Outcome Outcome
	Since   uint32 // of a refusal: nothing was taken from this number on
	Newest  uint64 // of Stale: the epoch to be newer than
	Place   Place  // the answering session
}

// Answered tells what became of an item that was carried or transmitted.
func (c *Channel) Answered(acts []Action, r Reply) []Action {
	late := c.overdue.remove(r.Epoch, r.Seq)
	if r.Epoch != c.out.epoch {
		return acts
	}
	if !r.Outcome.refused() {
		c.out.tries, c.out.stales = 0, 0
	}
	if r.Outcome == Stale && !c.retired {
		c.out.above = max(c.out.above, r.Newest)
	}
	switch {
	case c.out.asking == locating: // nothing of this epoch has been sent
		return acts
	case c.out.asking == finding:
		return c.found(acts, r)
	case r.Outcome.refused():
		return c.refused(acts, r)
	}
	for i, it := range c.out.flight {
		if it.seq == r.Seq {
			return c.pump(append(acts, finish(c.land(i), r.Outcome)))
		}
	}
	if late && c.out.asked && r.Seq == 0 && r.Outcome.accepted() && !c.open && !c.retired && c.Waiting() == 0 {
		c.opened(r.Place) // a find was answered after its deadline: the peer holds the channel open
	}

	return acts
}

func (c *Channel) opened(at Place) {
	c.met = true
	if c.out.covered {
		return
	}
	c.open, c.out.opener = true, true
	c.at(at)
	c.in.old = c.in.from.Known() && c.in.from != c.place
}

// refused takes back what the peer's side has not taken, to send it again where the peer is then.
func (c *Channel) refused(acts []Action, r Reply) []Action {
	from := len(c.out.flight)
	for i, it := range c.out.flight {
		if it.seq >= r.Since {
			from = i

			break
		}
	}
	back := append([]*Item(nil), c.out.flight[from:]...)
	clear(c.out.flight[from:])
	c.out.flight = c.out.flight[:from]
	c.out.spent = true
	if c.place == c.out.via {
		c.trust = doubtful
		if r.Outcome == Moved {
			c.trust = left
		}
	}
	if c.retired {
		for _, it := range back {
			acts = append(acts, finish(it, Canceled))
		}

		return acts
	}
	c.out.queue = append(back, c.out.queue...)
	for i, it := range c.out.queue {
		it.parted = it.parted && i == 0 // what has to go before it may open the channel again
	}

	return c.pause(acts)
}

// pause holds the queue back until Retry: what was refused is tried again a moment later.
func (c *Channel) pause(acts []Action) []Action {
	if c.out.asking != steady || len(c.out.queue) == 0 {
		return acts
	}
	c.out.asking = pausing
	c.out.tries++

	return append(acts, Action{Do: Again, Seq: c.out.tries})
}

// Retry ends the pause that Again asked for.
func (c *Channel) Retry(acts []Action) []Action {
	if c.out.asking == pausing {
		c.out.asking = steady
	}

	return c.pump(acts)
}

func (c *Channel) unshift(it *Item) {
	c.out.queue = append([]*Item{it}, c.out.queue...)
}

// Unsent says that an item never left this node: with Moved, because there is no link to the peer's node, and the
// peer must be found; otherwise the item ends with the outcome.
func (c *Channel) Unsent(acts []Action, epoch uint64, seq uint32, o Outcome) []Action {
	if o != Moved && epoch == c.out.epoch {
		c.out.spent = true                                                                    // the numbers have a hole
		if n := len(c.out.flight); c.ending() && !c.retired && c.out.flight[n-1].seq == seq { // the peer has to hear of an end
			c.unshift(c.land(n - 1))
			if c.out.asking == finding {
				c.out.asking = steady
			}

			return c.pause(acts)
		}
	}

	return c.Answered(acts, Reply{Epoch: epoch, Seq: seq, Outcome: o, Since: seq})
}
