package core

// Reply is a receiving side's answer to an item.
type Reply struct {
	Epoch   uint64
	Seq     uint32
	Outcome Outcome
	Since   uint32 // of a refusal: nothing was taken from this number on
	Newest  uint64 // of Stale: the epoch to be newer than
	Place   Place  // the answering session
}

// answered tells what became of an item that was carried or transmitted.
func (c *Conversation) answered(fx []Effect, r Reply) []Effect {
	late := c.overdue.remove(r.Epoch, r.Seq)
	if r.Epoch != c.out.epoch {
		return fx
	}
	if !r.Outcome.refused() {
		c.out.tries, c.out.stales = 0, 0
	}
	if r.Outcome == Stale && !c.retired() {
		c.out.above = max(c.out.above, r.Newest)
	}
	switch {
	case c.out.phase == locating: // nothing of this epoch has been sent
		return fx
	case c.out.phase == probing:
		return c.probed(fx, r)
	case r.Outcome.refused():
		return c.refused(fx, r)
	}
	for i, it := range c.out.inflight {
		if it.seq == r.Seq {
			return c.pump(c.finish(fx, c.untrack(i), r.Outcome))
		}
	}
	if late && c.isLateAcceptance(r) {
		c.offerAccepted(r.Place)
	}

	return fx
}

// isLateAcceptance tells whether the answer to an item whose deadline has passed says that the
// offer was accepted: the peer holds the channel open, and this side has not opened it otherwise.
func (c *Conversation) isLateAcceptance(r Reply) bool {
	offer := c.out.offer != none && r.Seq == 0 && r.Outcome.accepted()

	return offer && !c.Open() && !c.retired() && c.Waiting() == 0
}

// offerAccepted opens the channel: the peer at that place has let in the item that offered it.
func (c *Conversation) offerAccepted(at Place) {
	if c.out.oneWay {
		return
	}
	if c.out.offer == closedByPeer {
		switch c.state { // no older session's channel is taken over any more
		case unopened:
			c.state = closed
		case adopted:
			c.state = open
		case open, closed:
		}

		return
	}
	c.out.offer = accepted
	c.opened()
	c.at(at)
	c.in.superseded = c.in.from.Known() && c.in.from != c.place
}

// refused takes back what the peer's side has not taken, to send it again where the peer is then.
func (c *Conversation) refused(fx []Effect, r Reply) []Effect {
	from := len(c.out.inflight)
	for i, it := range c.out.inflight {
		if it.seq >= r.Since {
			from = i

			break
		}
	}
	back := append([]*Item(nil), c.out.inflight[from:]...)
	clear(c.out.inflight[from:])
	c.out.inflight = c.out.inflight[:from]
	c.out.needsEpoch = true
	if c.place == c.out.via {
		c.trust = doubtful
		if r.Outcome == Moved {
			c.trust = left
		}
	}
	if c.retired() {
		for _, it := range back {
			fx = c.finish(fx, it, Canceled)
		}

		return fx
	}
	c.out.queue = append(back, c.out.queue...)
	for i, it := range c.out.queue {
		if i > 0 && it.ending == departed { // what has to go before it may open the channel again
			it.ending = mustDeliver
		}
	}

	return c.pause(fx)
}

// pause holds the queue back until Retry: what was refused is tried again a moment later.
func (c *Conversation) pause(fx []Effect) []Effect {
	if c.out.phase != steady || len(c.out.queue) == 0 {
		return fx
	}
	c.out.phase = pausing
	c.out.tries++

	return append(fx, Effect{Kind: Backoff, Conv: c, Tries: c.out.tries})
}

// retry ends the pause that Backoff asked for.
func (c *Conversation) retry(fx []Effect) []Effect {
	if c.out.phase == pausing {
		c.out.phase = steady
	}

	return c.pump(fx)
}

func (c *Conversation) requeue(it *Item) {
	c.out.queue = append([]*Item{it}, c.out.queue...)
}

// unsent says that an item never left this node: with Moved, because there is no link to the peer's
// node, and a lookup is needed; otherwise the item ends with the outcome.
func (c *Conversation) unsent(fx []Effect, epoch uint64, seq uint32, o Outcome) []Effect {
	if o != Moved && epoch == c.out.epoch {
		c.out.needsEpoch = true // the numbers have a hole
		n := len(c.out.inflight)
		if c.endInflight() && !c.retired() && c.out.inflight[n-1].seq == seq { // the peer has to hear of an end
			c.requeue(c.untrack(n - 1))
			if c.out.phase == probing {
				c.out.phase = steady
			}

			return c.pause(fx)
		}
	}

	return c.answered(fx, Reply{Epoch: epoch, Seq: seq, Outcome: o, Since: seq})
}
