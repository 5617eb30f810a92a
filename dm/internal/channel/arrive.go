package channel

// Arrival is an item that has come from the peer.
type Arrival struct {
	Kind  Kind
	Found bool  // it was carried to a place that a lookup gave
	From  Place // the sending session
	Epoch uint64
	Seq   uint32
	Heard uint64 // of a transmitted item that begins an epoch, and of any that ends the channel: what Action said; 0: not known
}

// Verdict is what a receiving side makes of an arrival.
type Verdict struct {
	Refusal Outcome // 0: it is taken
	Since   uint32  // of a refusal: nothing is taken from this number on
	Newest  uint64  // of Stale: the epoch to be newer than
}

// Taken tells whether the arrival is taken.
func (v Verdict) Taken() bool { return v.Refusal == 0 }

// Arrive judges an arrival. One that is taken must be followed by a Decide. An item that ends the channel has ended it when Arrive
// returns.
func (c *Channel) Arrive(a Arrival) Verdict {
	v := c.judge(a)
	if !v.Taken() {
		return v
	}
	if a.Found || a.Seq == 0 {
		if c.in.from != a.From {
			c.in.former = c.in.from
		}
		c.in.epoch, c.in.from, c.in.broken, c.in.old = a.Epoch, a.From, false, false
	}
	c.in.next = a.Seq + 1
	c.in.undecided++
	if a.Kind.Ends() && !c.outdated(a) {
		c.out.covered = c.mayOpen() && a.Heard >= c.out.epoch
		c.end()
	}

	return v
}

func (c *Channel) judge(a Arrival) Verdict {
	if !a.Found && a.Seq > 0 {
		switch {
		case a.Epoch != c.in.epoch || a.From != c.in.from:
			return Verdict{Refusal: NoChannel, Since: a.Seq}
		case c.in.broken || a.Seq != c.in.next:
			c.in.broken = true

			return Verdict{Refusal: NoChannel, Since: c.in.next}
		case a.Kind.Ends() && c.outdated(a) && c.place.SID != a.From.SID:
			return Verdict{Refusal: NoChannel, Since: a.Seq} // the farewell of a session that has been replaced
		}

		return Verdict{}
	}
	switch { // it begins an epoch
	case a.Epoch <= max(c.in.epoch, c.in.floor):
		return Verdict{Refusal: Stale, Since: a.Seq, Newest: max(c.in.epoch, c.in.floor)}
	case a.Found && !a.Kind.Ends():
		return Verdict{}
	case a.Kind.Ends() && c.outdated(a):
		return Verdict{Refusal: NoChannel, Since: a.Seq} // it may have been taken before
	case a.Kind.Ends() && c.knows(a.From) && c.in.undecided > 0 && c.in.from.Known() && c.in.from != a.From && !c.in.old:
		return Verdict{Refusal: Moved, Since: a.Seq} // too early: a newer session is about to open the channel, or not
	case c.knows(a.From), c.finds() && c.answers(a):
		// the peer may have opened the channel with our find, and written or ended it before its answer came
		return Verdict{}
	}

	return Verdict{Refusal: NoChannel, Since: a.Seq}
}

// knows tells whether the channel is open with that session.
func (c *Channel) knows(from Place) bool {
	return c.open && (c.place == from || c.in.from == from)
}

// outdated tells whether an end was sent before the peer took the find that opened the channel: then it ends what was before.
func (c *Channel) outdated(a Arrival) bool {
	return c.open && c.out.opener && a.Heard != 0 && a.Heard < c.out.epoch
}

// answers tells whether what begins an epoch was sent by a peer that had taken our find.
func (c *Channel) answers(a Arrival) bool {
	if a.Kind.Ends() {
		return a.Heard >= c.out.epoch && !c.out.covered
	}

	return a.Heard >= c.out.epoch || a.Heard == 0
}

// Decide says that the callbacks are done with an item that was taken, and whether they accepted it.
// The first one accepted opens the channel.
func (c *Channel) Decide(a Arrival, accepted bool) {
	c.in.undecided--
	if accepted || a.Kind.Ends() {
		c.in.accepted = max(c.in.accepted, a.Epoch)
	}
	if accepted && !a.Kind.Ends() && !c.retired && a.Epoch > c.in.ended {
		if !c.open || a.From == c.in.from && !c.in.old { // else a newer session has written meanwhile, or was told of
			c.at(a.From)
		}
		c.open, c.met = true, true
	}
}
