package channel

// Reply is a receiving side's answer to an item.
type Reply struct {
	Epoch   uint64
	Seq     uint32
	Outcome Outcome
	Since   uint32 // of a refusal: nothing was taken from this number on
	Place   Place  // the answering session
}

// Answered tells what became of an item that was found or transmitted.
func (c *Channel) Answered(acts []Action, r Reply) []Action {
	if r.Epoch != c.out.epoch {
		return acts
	}
	if c.out.asking == finding {
		return c.found(acts, r)
	}
	if r.Outcome.refused() {
		return c.refused(acts, r)
	}
	for i, it := range c.out.flight {
		if it.seq == r.Seq {
			return c.pump(append(acts, finish(c.land(i), r.Outcome)))
		}
	}
	if c.out.asked && r.Seq == 0 && r.Outcome.accepted() && !c.open && !c.retired && c.Waiting() == 0 {
		c.opened(r.Place) // a find was answered after its deadline: the peer holds the channel open
	}

	return acts
}

func (c *Channel) opened(at Place) {
	c.out.tries, c.met = 0, true
	if c.out.covered {
		return
	}
	c.open, c.out.opener = true, true
	c.at(at)
	c.in.old = c.in.from.Known() && c.in.from != c.place
}

// found ends a find that reached a node.
func (c *Channel) found(acts []Action, r Reply) []Action {
	it := c.land(0)
	c.out.asking = steady
	switch {
	case it.Kind.Ends() && r.Outcome != Moved && r.Outcome != Stale:
		c.out.spent = true
		acts = append(acts, finish(it, r.Outcome))
	case r.Outcome.accepted():
		c.opened(r.Place)
		c.out.via = r.Place
		acts = append(acts, finish(it, r.Outcome))
	case r.Outcome.refused():
		c.out.spent = true
		if c.retired && !it.insist {
			return append(acts, finish(it, Canceled))
		}
		c.unshift(it)

		return c.pause(acts)
	default:
		c.out.spent = true
		acts = append(acts, finish(it, r.Outcome))
	}

	return c.pump(acts)
}

func (c *Channel) pause(acts []Action) []Action {
	c.out.asking = pausing
	c.out.tries++

	return append(acts, Action{Do: Again, Seq: c.out.tries})
}

// Retry sends the find that Again asked for.
func (c *Channel) Retry(acts []Action) []Action {
	if c.out.asking == pausing {
		c.out.asking = steady
	}

	return c.pump(acts)
}

// Nobody ends a find that reached no node: with NotFound, or CutOff if there was no cluster to ask.
func (c *Channel) Nobody(acts []Action, epoch uint64, o Outcome) []Action {
	if epoch != c.out.epoch || c.out.asking != finding {
		return acts
	}
	it := c.land(0)
	c.out.asking, c.out.spent, c.out.tries = steady, true, 0
	acts = append(acts, finish(it, o))
	if o == NotFound && c.open && !c.certain() { // the peer's farewell never came
		c.end()
		acts = append(acts, Action{Do: Cleared})
	}

	return c.pump(acts)
}

// refused takes back what the peer's side has not taken, to send it again where the peer is now.
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
	kept := back[:0]
	for _, it := range back {
		switch {
		case c.retired && !it.insist:
			acts = append(acts, finish(it, Canceled))
		default:
			kept = append(kept, it)
		}
	}
	c.out.queue = append(kept, c.out.queue...)
	for i, it := range c.out.queue {
		it.parted = it.parted && i == 0 // what has to go before it may open the channel again
	}

	return c.pump(acts)
}

func (c *Channel) unshift(it *Item) {
	c.out.queue = append([]*Item{it}, c.out.queue...)
}

// Unsent says that a transmitted item never left this node: with Moved, because that node is gone and the
// peer must be found; otherwise the item ends with the outcome.
func (c *Channel) Unsent(acts []Action, epoch uint64, seq uint32, o Outcome) []Action {
	if o == Moved {
		return c.Answered(acts, Reply{Epoch: epoch, Seq: seq, Outcome: Moved, Since: seq})
	}
	if epoch != c.out.epoch {
		return acts
	}
	c.out.spent = true // the numbers have a hole
	if c.ending() && c.out.flight[len(c.out.flight)-1].seq == seq {
		it := c.land(len(c.out.flight) - 1) // the peer has to hear of an end
		c.unshift(it)

		return c.pause(acts)
	}

	return c.Answered(acts, Reply{Epoch: epoch, Seq: seq, Outcome: o})
}
