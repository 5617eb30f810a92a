package core

// Arrival is an item that has come from a peer.
type Arrival struct {
	Kind    Kind
	Found   bool // it was carried to a place that a lookup gave
	Blank   bool // its sender is a blank user: it opens nothing, and is compared with nothing
	NoReply bool // its sender does not wait for the answer
	From    Place
	Epoch   uint64
	Seq     uint32
	Heard   uint64 // of a transmitted item that begins an epoch, and of any that ends the channel: what Effect said; 0: not known
}

// admission is what a conversation makes of an arrival.
type admission struct {
	refusal Outcome // 0: it is taken
	since   uint32  // of a refusal: nothing is taken from this number on
	newest  uint64  // of Stale: the epoch to be newer than
}

func (a admission) taken() bool { return a.refusal == 0 }

// arrive admits an arrival or not. One that is taken must be followed by a callbackDone. An item
// that ends the channel has ended it when arrive returns.
func (c *Conversation) arrive(a *Arrival) admission {
	v := c.admit(a)
	if !v.taken() {
		return v
	}
	if a.Found || a.Seq == 0 {
		if c.in.from != a.From {
			c.in.former = c.in.from
		}
		c.in.epoch, c.in.from, c.in.fenced, c.in.superseded = a.Epoch, a.From, false, false
	}
	c.in.next = a.Seq + 1
	c.in.undecided++
	if a.Kind.Ends() && !c.outdated(a) {
		switch {
		case c.mayOpen() && a.Heard >= c.out.epoch:
			c.out.offer = closedByPeer
		case c.out.offer == closedByPeer:
			c.out.offer = offered
		}
		c.close()
	}

	return v
}

func (c *Conversation) admit(a *Arrival) admission {
	if !a.Found && a.Seq > 0 {
		switch {
		case a.Epoch != c.in.epoch || a.From != c.in.from:
			return admission{refusal: NoChannel, since: a.Seq}
		case c.in.fenced || a.Seq != c.in.next:
			c.in.fenced = true

			return admission{refusal: NoChannel, since: c.in.next}
		case a.Kind.Ends() && c.outdated(a) && c.place.SID != a.From.SID:
			return admission{refusal: NoChannel, since: a.Seq} // the farewell of a session that has been replaced
		}

		return admission{}
	}
	switch { // it begins an epoch
	case a.Epoch <= max(c.in.epoch, c.in.floor):
		return admission{refusal: Stale, since: a.Seq, newest: max(c.in.epoch, c.in.floor)}
	case a.Found && !a.Kind.Ends():
		return admission{}
	case a.Kind.Ends() && c.outdated(a):
		return admission{refusal: NoChannel, since: a.Seq} // it may have been taken before
	case a.Kind.Ends() && c.knows(a.From) && c.in.undecided > 0 && c.in.from.Known() && c.in.from != a.From && !c.in.superseded:
		return admission{refusal: Moved, since: a.Seq} // too early: a newer session is about to open the channel, or not
	case c.knows(a.From), c.offers() && c.answers(a):
		// the peer may have opened the channel with our offer, and written or ended it before its
		// answer came
		return admission{}
	}

	return admission{refusal: NoChannel, since: a.Seq}
}

// knows tells whether the channel is open with that session.
func (c *Conversation) knows(from Place) bool {
	return c.Open() && (c.place == from || c.in.from == from)
}

// outdated tells whether an end was sent before the peer took the offer that opened the channel:
// then it ends what was before.
func (c *Conversation) outdated(a *Arrival) bool {
	return c.Open() && c.out.offer == accepted && a.Heard != 0 && a.Heard < c.out.epoch
}

// answers tells whether what begins an epoch was sent by a peer that had taken our offer.
func (c *Conversation) answers(a *Arrival) bool {
	if a.Kind.Ends() {
		return a.Heard >= c.out.epoch && c.out.offer != closedByPeer
	}

	return a.Heard >= c.out.epoch || a.Heard == 0
}

// callbackDone says that the callbacks are done with an item that was taken, and whether they
// accepted it. The first one accepted opens the channel.
func (c *Conversation) callbackDone(a *Arrival, yes bool) {
	c.in.undecided--
	if yes || a.Kind.Ends() {
		c.in.accepted = max(c.in.accepted, a.Epoch)
	}
	if yes && !a.Kind.Ends() && !c.retired() && a.Epoch > c.in.ended {
		if !c.Open() || a.From == c.in.from && !c.in.superseded { // else a newer session has written meanwhile, or was told of
			c.at(a.From)
		}
		c.opened()
	}
}
