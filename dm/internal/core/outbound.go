package core

// send queues an item behind those before it, and sends what can be sent.
func (c *Conversation) send(fx []Effect, it *Item) []Effect {
	if c.retired() {
		return c.finish(fx, it, Canceled)
	}
	c.out.queue = append(c.out.queue, it)

	return c.pump(fx)
}

// pump sends items until none is left or the next one has to wait.
func (c *Conversation) pump(fx []Effect) []Effect {
	for len(c.out.queue) > 0 && c.out.phase == steady && !c.endInflight() {
		it := c.out.queue[0]
		switch {
		case it.Kind.Ends() && !c.Open() && it.ending == waiting, it.Kind == Connect && c.Open() && c.certain():
			c.dequeue()
			fx = c.finish(fx, it, Delivered) // there is nothing to do
		case it.ending == departed && c.Open(): // the peer has opened it anew since
			c.dequeue()
			fx = c.finish(fx, it, NoChannel)
		case (!c.certain() || c.out.needsEpoch || c.out.via != c.place) && len(c.out.inflight) > 0:
			return fx // an epoch begins when all before it is answered
		case !c.certain():
			c.dequeue()
			fx = c.lookup(fx, it)
		default:
			c.dequeue()
			fx = c.transmit(fx, it)
		}
	}

	return fx
}

// endInflight tells whether the last item in flight ends the channel: nothing overtakes its answer.
func (c *Conversation) endInflight() bool {
	n := len(c.out.inflight)

	return n > 0 && c.out.inflight[n-1].Kind.Ends()
}

func (c *Conversation) dequeue() {
	q := c.out.queue
	q[0] = nil
	if c.out.queue = q[1:]; len(c.out.queue) == 0 {
		c.out.queue = q[:0]
	}
}

func (c *Conversation) transmit(fx []Effect, it *Item) []Effect {
	if c.out.needsEpoch || c.out.via != c.place {
		c.begin()
		c.out.via, c.out.offer = c.place, none
	}
	c.track(it)
	heard := c.heard(it)
	c.depart(it)

	return append(fx, Effect{
		Kind: Transmit, Conv: c, Item: it, To: c.out.via, Epoch: c.out.epoch, Seq: it.seq, Heard: heard, NoReply: it.noReply(),
	})
}

// heard is the newest epoch taken from the peer; of an end, when it ended the channel on this side.
func (c *Conversation) heard(it *Item) uint64 {
	if it.ending == departed {
		return it.heard
	}

	return c.in.epoch
}

// depart ends the channel on this side when an item that ends it is under way.
func (c *Conversation) depart(it *Item) {
	if it.Kind.Ends() && it.ending != departed {
		it.ending, it.heard = departed, c.in.epoch
		c.close()
	}
}

// finish gives an item its outcome.
func (c *Conversation) finish(fx []Effect, it *Item, o Outcome) []Effect {
	c.s.items--
	c.s.bytes -= len(it.Body)

	return append(fx, Effect{Kind: Finish, Conv: c, Item: it, Outcome: o})
}

// untrack takes the i-th item in flight out.
func (c *Conversation) untrack(i int) *Item {
	f := c.out.inflight
	it := f[i]
	copy(f[i:], f[i+1:])
	f[len(f)-1] = nil
	c.out.inflight = f[:len(f)-1]

	return it
}

// expire finishes the items whose deadline has come, with Timeout. One that is under way is
// remembered until it is answered.
func (c *Conversation) expire(fx []Effect, now int64) []Effect {
	for i := 0; i < len(c.out.inflight); {
		it := c.out.inflight[i]
		if it.Deadline > now {
			i++

			continue
		}
		if c.out.phase != locating {
			c.overdue.add(c.out.epoch, it.seq, c.out.via.Node)
		}
		fx = c.finish(fx, c.untrack(i), Timeout)
		if c.searching() {
			fx = c.giveUp(fx)
		}
	}
	kept := c.out.queue[:0]
	for _, it := range c.out.queue {
		if it.Deadline > now {
			kept = append(kept, it)
		} else {
			fx = c.finish(fx, it, Timeout)
		}
	}
	clear(c.out.queue[len(kept):])
	c.out.queue = kept
	if c.out.phase == pausing && len(kept) == 0 {
		c.out.phase = steady
	}

	return c.pump(fx)
}
