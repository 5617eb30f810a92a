package channel

// find begins an epoch with a lookup: the item is carried to the place that the lookup gives.
func (c *Channel) find(acts []Action, it *Item) []Action {
	c.begin()
	c.out.asking, c.out.asked, c.out.via = locating, !it.Kind.Ends(), Place{}
	c.fly(it)
	c.depart(it)

	return append(acts, Action{Do: Find, Item: it, Epoch: c.out.epoch})
}

// Located brings the place that the lookup of that epoch gave. A lookup that was given up carries nothing.
func (c *Channel) Located(acts []Action, epoch uint64, at Place) []Action {
	if epoch != c.out.epoch || c.out.asking != locating {
		return acts
	}
	c.out.asking, c.out.via = finding, at

	return append(acts, c.carry())
}

// carry is the action that carries what is being found to the place that is known now.
func (c *Channel) carry() Action {
	it := c.out.flight[0]

	return Action{Do: Carry, Item: it, To: c.out.via, Epoch: c.out.epoch, Heard: c.heard(it)}
}

// Nobody ends the lookup of that epoch without a place: with NotFound, or CutOff if there was no answer.
func (c *Channel) Nobody(acts []Action, epoch uint64, o Outcome) []Action {
	if epoch != c.out.epoch || c.out.asking != locating {
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

// found ends a find that was carried to a place.
func (c *Channel) found(acts []Action, r Reply) []Action {
	it := c.land(0)
	if r.Outcome == Stale && !c.retired && c.out.stales == 0 {
		c.out.stales++ // the session is there, and has named the epoch to be above: no lookup, no pause
		c.begin()
		c.fly(it)

		return append(acts, c.carry())
	}
	c.out.asking = steady
	switch {
	case r.Outcome.refused() && (!it.Kind.Ends() || r.Outcome != NoChannel):
		c.out.spent = true
		if c.retired {
			return append(acts, finish(it, Canceled))
		}
		c.unshift(it)

		return c.pause(acts)
	case r.Outcome.accepted() && !it.Kind.Ends():
		c.opened(r.Place)
		c.out.via = r.Place
	default:
		c.out.spent = true
	}

	return c.pump(append(acts, finish(it, r.Outcome)))
}

// giveUp ends a find whose item has just been finished.
func (c *Channel) giveUp(acts []Action) []Action {
	if c.out.asking == locating {
		acts = append(acts, Action{Do: Cancel})
	}
	c.out.asking, c.out.spent = steady, true

	return acts
}

// seeking tells whether a find is out: one item is in flight, or about to be.
func (c *Channel) seeking() bool { return c.out.asking == locating || c.out.asking == finding }

// finds tells whether a find has been carried to a place, and may open the channel.
func (c *Channel) finds() bool {
	return c.out.asking == finding && !c.out.flight[0].Kind.Ends()
}

// mayOpen tells whether the answer to a find that began the epoch is still to come, and may open the channel, however late.
func (c *Channel) mayOpen() bool {
	return c.finds() || c.out.asked && c.overdue.has(c.out.epoch, 0)
}
