package core

// Order. The sender numbers what it sends to a peer, from 0 in each epoch, and begins an epoch only
// when all of the one before is answered. The receiver takes an epoch only if it is newer than all
// before, and a number only if it is the next: doc.go says why that suffices.

// nextEpoch counts the epochs of a session up from the stamp of its login: they are newer than
// those of all older sessions of the user, even if this session does not know yet that it was
// replaced. Above raises the count: a receiving side has taken that epoch, perhaps from another
// user. The count goes on from the present then, ahead of what that side may take from others
// meanwhile.
func (s *Session) nextEpoch(above uint64) uint64 {
	if s.epoch == 0 {
		if s.epoch = s.cfg.Login; s.epoch == 0 {
			s.epoch = s.cfg.Stamp()
		}
	}
	if above > s.epoch {
		s.epoch = max(above, s.cfg.Stamp())
	}
	s.epoch++

	return s.epoch
}

// begin begins an epoch.
func (c *Conversation) begin() {
	c.out.epoch = c.s.nextEpoch(c.out.above)
	c.out.next = 0
	c.out.needsEpoch = false
	if c.out.offer != none {
		c.out.offer = offered
	}
}

// track numbers an item that is about to be sent.
func (c *Conversation) track(it *Item) {
	it.seq = c.out.next
	c.out.next++
	c.out.inflight = append(c.out.inflight, it)
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
	if a.Found || a.Seq == 0 {
		return c.admitFirst(a)
	}

	return c.admitNext(a)
}

// admitNext admits an item of the epoch that was taken last, if it is the next one.
func (c *Conversation) admitNext(a *Arrival) admission {
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

// admitFirst admits an item that begins an epoch. The first line that fits counts:
//
//	the epoch is not newer than what was taken         Stale
//	found by a lookup, and does not end the channel    taken
//	an end, older than the channel                     NoChannel: it may have been taken before
//	an end, while a newer session is undecided         Moved: that one is about to open the channel, or not
//	from where the channel is open                     taken
//	from a peer that has taken our offer               taken: the answer to the offer is still to come
//	any other                                          NoChannel
func (c *Conversation) admitFirst(a *Arrival) admission {
	taken, ends := max(c.in.epoch, c.in.floor), a.Kind.Ends()
	switch {
	case a.Epoch <= taken:
		return admission{refusal: Stale, since: a.Seq, newest: taken}
	case a.Found && !ends:
		return admission{}
	case ends && c.outdated(a):
		return admission{refusal: NoChannel, since: a.Seq}
	case ends && c.newerUndecided(a):
		return admission{refusal: Moved, since: a.Seq}
	case c.knows(a.From):
		return admission{}
	case c.offers() && c.answers(a):
		return admission{}
	}

	return admission{refusal: NoChannel, since: a.Seq}
}

// newerUndecided tells whether the channel is open with the session that has sent this, and what a
// newer session of the peer has sent is still with the callbacks.
func (c *Conversation) newerUndecided(a *Arrival) bool {
	return c.knows(a.From) && c.in.undecided > 0 && c.in.from.Known() && c.in.from != a.From && !c.in.superseded
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
