package core

// Admission says what is to be done with an arrival.
type Admission uint8

// The admissions.
const (
	Refused Admission = iota // nothing: an Answer says why
	Taken                    // give it to the callbacks, then call CallbackDone
	Emptied                  // the same, without its body: it is an end, and its message finds no room
)

// Arrive takes in an arrival of a peer, or refuses it with an Answer. Full says that no more may
// wait for the callbacks: then only ends are taken, because the peer's end has to be heard of. The
// conversation is nil for a blank user's.
func (s *Session) Arrive(fx []Effect, now int64, a *Arrival, peer []byte, full bool) ([]Effect, *Conversation, Admission) {
	switch {
	case s.cfg.Blank: // no client is behind it: the peer's next lookup says so
		return s.refuse(fx, a, admission{refusal: Moved, since: a.Seq}), nil, Refused
	case s.state == Replaced, (s.state == Closed || s.Parked()) && !a.Kind.Ends(): // it is not registered any more: a newer one may be
		return s.refuse(fx, a, admission{refusal: Moved, since: a.Seq}), nil, Refused
	case s.state == Closing && !a.Kind.Ends():
		return s.reply(fx, a, Reply{Outcome: NotFound}), nil, Refused // behind the farewell
	case a.Blank && full:
		return s.reply(fx, a, Reply{Outcome: Busy}), nil, Refused
	case a.Blank: // a session takes until it ends, and then never again: that and the order of a link keep the order
		return fx, nil, Taken
	}
	c := s.With(peer)
	if c == nil {
		c = s.Conversation(string(peer))
	}
	s.touch(c, now)
	if v := c.arrive(a); !v.taken() {
		return s.settled(s.refuse(fx, a, v), c), nil, Refused
	}
	switch {
	case full && !a.Kind.Ends():
		c.callbackDone(a, false)

		return s.settled(s.reply(fx, a, Reply{Outcome: Busy}), c), nil, Refused
	case full:
		return s.settled(fx, c), c, Emptied
	}

	return s.settled(fx, c), c, Taken
}

// CallbackDone says that the receive callbacks have seen an arrival that was taken, and whether
// they accepted it: that opens the channel. A message that they accepted is pushed only if the
// session is Receiving then: otherwise it is answered with NotFound.
func (s *Session) CallbackDone(fx []Effect, now int64, c *Conversation, a *Arrival, accepted bool) []Effect {
	if c == nil { // a blank user's
		return fx
	}
	c.callbackDone(a, accepted && s.Receiving()) // nothing would end a channel that opens later
	s.now = now
	s.list(c)
	fx = s.evictLeastRecentlyUsed(fx, c)

	return s.settled(fx, c)
}

// Receiving tells whether the session takes part in full. Of one that does not, an accepted message
// opens no channel: the sender must not hear that it was delivered, or it would hold a channel open
// that the recipient's newer session, or its farewell, knows nothing of.
func (s *Session) Receiving() bool { return s.state == Active && !s.parked }

// Reply answers an arrival that was taken. An item that was not sent because the session has ended
// meanwhile is refused as Moved: a newer session is to have it, or else the sender's next lookup
// says that there is none.
func (s *Session) Reply(fx []Effect, a *Arrival, o Outcome) []Effect {
	if o == Delivered && a.Kind == Connect && !s.Receiving() {
		o = NotFound // it has opened nothing
	}
	if o == NotFound && !a.Kind.Ends() {
		o = Moved
	}

	return s.reply(fx, a, Reply{Outcome: o, Since: a.Seq})
}

func (s *Session) refuse(fx []Effect, a *Arrival, v admission) []Effect {
	return s.reply(fx, a, Reply{Outcome: v.refusal, Since: v.since, Newest: v.newest})
}

func (s *Session) reply(fx []Effect, a *Arrival, r Reply) []Effect {
	r.Epoch, r.Seq, r.Place = a.Epoch, a.Seq, s.cfg.Place

	return append(fx, Effect{
		Kind: Answer, To: a.From, Reply: r,
		NoReply: a.NoReply && (r.Outcome == Delivered || r.Outcome == Dropped || r.Outcome == Declined),
	})
}
