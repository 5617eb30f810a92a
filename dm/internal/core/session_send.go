package core

// Room tells whether one more item of so many bytes may wait for its outcome.
func (s *Session) Room(c *Conversation, bytes int) bool {
	l := &s.cfg.Limits

	return c.Waiting() < l.Items && s.items < l.AllItems && s.bytes+bytes <= l.Bytes
}

// Roomy tells whether at most half of the room is used.
func (s *Session) Roomy(c *Conversation) bool {
	l := &s.cfg.Limits

	return c.Waiting() <= l.Items/2 && s.items <= l.AllItems/2 && s.bytes <= l.Bytes/2
}

// Send sends an item to a conversation's peer. What a session sends that is over keeps no channel.
func (s *Session) Send(fx []Effect, now int64, c *Conversation, it *Item) []Effect {
	s.touch(c, now)
	fx = s.submit(fx, c, it)
	if s.state != Active && c.all >= 0 {
		fx = s.forget(fx, c)
	}

	return fx
}

// MayDisconnect tells whether there is a channel that an end would end, or that what waits may
// open.
func (s *Session) MayDisconnect(c *Conversation) bool {
	return c != nil && !c.closing() && (c.Open() || c.Waiting() > 0 && !c.out.oneWay)
}

// Disconnect ends the channel of a conversation, behind what was sent before: it is a Clear.
func (s *Session) Disconnect(fx []Effect, now int64, c *Conversation, it *Item) []Effect {
	s.now = now

	return s.submit(fx, c, it)
}

// submit gives an item to a conversation.
func (s *Session) submit(fx []Effect, c *Conversation, it *Item) []Effect {
	s.items++
	s.bytes += len(it.Body)

	return s.settled(c.send(fx, it), c)
}

// OnLookupFound brings the place that the conversation's Lookup with that epoch has asked for.
func (s *Session) OnLookupFound(fx []Effect, now int64, c *Conversation, epoch uint64, at Place) []Effect {
	s.now = now

	return s.settled(c.lookupFound(fx, epoch, at), c)
}

// OnLookupFailed says that the conversation's Lookup with that epoch has given no place: NotFound,
// or CutOff if there was no answer.
func (s *Session) OnLookupFailed(fx []Effect, now int64, c *Conversation, epoch uint64, o Outcome) []Effect {
	s.now = now

	return s.settled(c.lookupFailed(fx, epoch, o), c)
}

// OnAnswer brings a peer's answer to an item. An answer that comes when all has its outcome changes
// nothing.
func (s *Session) OnAnswer(fx []Effect, now int64, peer []byte, r Reply) []Effect {
	c := s.With(peer)
	if c == nil {
		return fx
	}
	s.touch(c, now)
	fx = c.answered(fx, r)
	s.list(c)
	fx = s.endLate(fx, c)
	fx = s.evictLeastRecentlyUsed(fx, c)

	return s.settled(fx, c)
}

// OnUnsent says that an item has not left this node: with Moved, because there is no link to the
// peer's node; Overloaded, TooLarge or CutOff.
func (s *Session) OnUnsent(fx []Effect, now int64, c *Conversation, epoch uint64, seq uint32, o Outcome) []Effect {
	s.now = now

	return s.settled(c.unsent(fx, epoch, seq, o), c)
}

// Retry goes on after the pause that Backoff asked for.
func (s *Session) Retry(fx []Effect, now int64, c *Conversation) []Effect {
	s.now = now

	return s.settled(c.retry(fx), c)
}
