package channel

import "time"

// Send queues an item behind those before it, and sends what can be sent.
func (c *Channel) Send(acts []Action, it *Item) []Action {
	if c.retired {
		return append(acts, Action{Do: Finish, Item: it, Outcome: Canceled})
	}
	c.out.queue = append(c.out.queue, it)

	return c.pump(acts)
}

// pump sends items until none is left or the next one has to wait.
func (c *Channel) pump(acts []Action) []Action {
	for len(c.out.queue) > 0 && c.out.asking == steady && !c.ending() {
		it := c.out.queue[0]
		switch {
		case it.Kind.Ends() && !c.open && !it.insist, it.Kind == Connect && c.open && c.certain():
			c.shift()
			acts = append(acts, finish(it, Delivered)) // there is nothing to do
		case it.parted && c.open: // the peer has opened it anew since
			c.shift()
			acts = append(acts, finish(it, NoChannel))
		case (!c.certain() || c.out.spent || c.out.via != c.place) && len(c.out.flight) > 0:
			return acts // an epoch begins when all before it is answered
		case !c.certain():
			c.shift()
			acts = c.find(acts, it)
		default:
			c.shift()
			acts = c.transmit(acts, it)
		}
	}

	return acts
}

// ending tells whether the last item in flight ends the channel: nothing overtakes its answer.
func (c *Channel) ending() bool {
	n := len(c.out.flight)

	return n > 0 && c.out.flight[n-1].Kind.Ends()
}

func (c *Channel) shift() {
	q := c.out.queue
	q[0] = nil
	if c.out.queue = q[1:]; len(c.out.queue) == 0 {
		c.out.queue = q[:0]
	}
}

func (c *Channel) transmit(acts []Action, it *Item) []Action {
	if c.out.spent || c.out.via != c.place {
		c.begin()
		c.out.via, c.out.asked = c.place, false
	}
	c.fly(it)
	heard := c.heard(it)
	c.depart(it)

	return append(acts, Action{Do: Transmit, Item: it, To: c.out.via, Epoch: c.out.epoch, Seq: it.seq, Heard: heard})
}

// heard is the newest epoch taken from the peer; of an end, when it ended the channel on this side.
func (c *Channel) heard(it *Item) uint64 {
	if it.parted {
		return it.heard
	}

	return c.in.epoch
}

// depart ends the channel on this side when an item that ends it is under way.
func (c *Channel) depart(it *Item) {
	if it.Kind.Ends() && !it.parted {
		it.parted, it.insist, it.heard = true, true, c.in.epoch
		c.end()
	}
}

// finish is the action that gives an item its outcome.
func finish(it *Item, o Outcome) Action { return Action{Do: Finish, Item: it, Outcome: o} }

func (c *Channel) begin() {
	c.out.epoch = c.epochs(c.out.above)
	c.out.next = 0
	c.out.spent, c.out.opener, c.out.covered = false, false, false
}

func (c *Channel) fly(it *Item) {
	it.seq = c.out.next
	c.out.next++
	c.out.flight = append(c.out.flight, it)
}

// land takes item number i out of the flight.
func (c *Channel) land(i int) *Item {
	f := c.out.flight
	it := f[i]
	copy(f[i:], f[i+1:])
	f[len(f)-1] = nil
	c.out.flight = f[:len(f)-1]

	return it
}

// Expire finishes the items whose deadline has come, with Timeout. One that is under way is remembered until it is answered.
func (c *Channel) Expire(acts []Action, now time.Time) []Action {
	for i := 0; i < len(c.out.flight); {
		it := c.out.flight[i]
		if it.Deadline.After(now) {
			i++

			continue
		}
		if c.out.asking != locating {
			c.overdue.add(c.out.epoch, it.seq, c.out.via.Node)
		}
		acts = append(acts, finish(c.land(i), Timeout))
		if c.seeking() {
			acts = c.giveUp(acts)
		}
	}
	kept := c.out.queue[:0]
	for _, it := range c.out.queue {
		if it.Deadline.After(now) {
			kept = append(kept, it)
		} else {
			acts = append(acts, finish(it, Timeout))
		}
	}
	clear(c.out.queue[len(kept):])
	c.out.queue = kept
	if c.out.asking == pausing && len(kept) == 0 {
		c.out.asking = steady
	}

	return c.pump(acts)
}

// Abandon finishes all items with Timeout, and forgets what no answer is waited for any more.
func (c *Channel) Abandon(acts []Action) []Action {
	never := time.Unix(1<<40, 0) // every deadline is before it
	acts = c.Expire(acts, never)
	c.overdue = nil

	return acts
}
