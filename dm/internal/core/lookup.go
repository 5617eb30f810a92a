package core

// lookup begins an epoch with a lookup: the item is carried to the place that the lookup gives.
func (c *Conversation) lookup(fx []Effect, it *Item) []Effect {
	c.begin()
	c.out.phase, c.out.offer, c.out.via = locating, offered, Place{}
	if it.Kind.Ends() {
		c.out.offer = none
	}
	c.track(it)
	c.depart(it)

	return append(fx, Effect{Kind: Lookup, Conv: c, Item: it, Epoch: c.out.epoch})
}

// lookupFound brings the place that the lookup of that epoch gave. A lookup that was given up
// carries nothing.
func (c *Conversation) lookupFound(fx []Effect, epoch uint64, at Place) []Effect {
	if epoch != c.out.epoch || c.out.phase != locating {
		return fx
	}
	c.out.phase, c.out.via = probing, at

	return append(fx, c.carry())
}

// carry is the effect that carries what is looked up to the place that is known now.
func (c *Conversation) carry() Effect {
	it := c.out.inflight[0]

	return Effect{Kind: Carry, Conv: c, Item: it, To: c.out.via, Epoch: c.out.epoch, Heard: c.heard(it), NoReply: it.noReply()}
}

// lookupFailed ends the lookup of that epoch without a place: with NotFound, or CutOff if there was
// no answer.
func (c *Conversation) lookupFailed(fx []Effect, epoch uint64, o Outcome) []Effect {
	if epoch != c.out.epoch || c.out.phase != locating {
		return fx
	}
	it := c.untrack(0)
	c.out.phase, c.out.needsEpoch, c.out.tries = steady, true, 0
	fx = c.finish(fx, it, o)
	if o == NotFound && c.Open() && !c.certain() { // the peer's farewell never came
		c.close()
		fx = append(fx, Effect{Kind: Cleared, Conv: c})
	}

	return c.pump(fx)
}

// probed ends a lookup whose item was carried to a place.
func (c *Conversation) probed(fx []Effect, r Reply) []Effect {
	it := c.untrack(0)
	if r.Outcome == Stale && !c.retired() && c.out.stales == 0 {
		c.out.stales++ // the session is there, and has named the epoch to be above: no lookup, no pause
		c.begin()
		c.track(it)

		return append(fx, c.carry())
	}
	c.out.phase = steady
	switch {
	case r.Outcome.refused() && (!it.Kind.Ends() || r.Outcome != NoChannel):
		c.out.needsEpoch = true
		if c.retired() {
			return c.finish(fx, it, Canceled)
		}
		c.requeue(it)

		return c.pause(fx)
	case c.out.oneWay && r.Outcome != NotFound: // the session takes part, and takes all that comes until it ends
		c.at(r.Place)
		c.out.via = r.Place
	case r.Outcome.accepted() && !it.Kind.Ends():
		c.offerAccepted(r.Place)
		c.out.via = r.Place
	default:
		c.out.needsEpoch = true
	}

	return c.pump(c.finish(fx, it, r.Outcome))
}

// giveUp ends a lookup whose item has just been finished.
func (c *Conversation) giveUp(fx []Effect) []Effect {
	if c.out.phase == locating {
		fx = append(fx, Effect{Kind: CancelLookup, Conv: c})
	}
	c.out.phase, c.out.needsEpoch = steady, true

	return fx
}

// searching tells whether a lookup, or what it carries, is out: one item is in flight, or about to
// be.
func (c *Conversation) searching() bool { return c.out.phase == locating || c.out.phase == probing }

// offers tells whether an item was carried to a place that may open the channel there.
func (c *Conversation) offers() bool {
	return c.out.phase == probing && !c.out.inflight[0].Kind.Ends()
}

// mayOpen tells whether the answer to the item that began the epoch is still to come, and may open
// the channel, however late.
func (c *Conversation) mayOpen() bool {
	return c.offers() || c.out.offer != none && c.overdue.has(c.out.epoch, 0)
}
