package core

import "slices"

// When a newer login takes a user over, the older session hands its channels to the newer one, and
// that tells the peers. All of this is told once and may be lost with a node: then the next message
// finds its way, as ever.

// Handed is a channel that a newer session takes over.
type Handed struct {
	Peer   string
	At     Place
	Newest uint64 // the newest epoch taken from the peer
}

// Handover tells a user's newer session of the channels that the older one had.
type Handover struct {
	User     string
	Old, Now SID
	Channels []Handed
	Moves    []Relocation // of peers, told ahead of the newer session's login; they do not travel
}

// Relocation tells a peer's session that a user's session has been replaced.
type Relocation struct {
	Peer SID
	Old  SID
	Now  Place
	User string
}

// Replace hands the channels of the session over to the newer one of the same user, at next. What
// it has not yet sent ends in Canceled, and it sends nothing more. It is remembered until then, for
// what still comes to it.
func (s *Session) Replace(fx []Effect, now int64, next Place, until int64) []Effect {
	s.now = now
	s.state, s.next, s.retainUntil = Replaced, next, until
	for _, c := range slices.Backward(s.all) { // backward: one that is over goes, and the last takes its place
		fx = s.settled(s.handOver(fx, c), c)
	}

	return s.drained(fx)
}

// handOver gives one channel to the newer session, if it is open.
func (s *Session) handOver(fx []Effect, c *Conversation) []Effect {
	fx, at, wasOpen := c.retire(fx)
	if !wasOpen || c.peer == s.cfg.User {
		return fx
	}
	h := &Handover{User: s.cfg.User, Old: s.cfg.Place.SID, Now: s.next.SID, Channels: []Handed{{c.peer, at, c.in.epoch}}}
	s.handed = append(s.handed, h.Channels...)

	return append(fx, Effect{Kind: HandOver, To: Place{Node: s.next.Node}, Handover: h})
}

// TakeOver makes channels of older sessions the session's own, and tells the peers where the user
// is now.
func (s *Session) TakeOver(fx []Effect, now int64, h *Handover) []Effect {
	s.now = now
	for _, k := range h.Channels {
		c := s.Conversation(k.Peer)
		s.touch(c, now)
		c.in.epoch = max(c.in.epoch, k.Newest) // nothing of it or an older one is for this session
		c.adopt(k.At)
		s.list(c)
		if !s.cfg.Linked(k.At.Node) {
			fx = s.settled(c.nodeDown(fx, k.At.Node), c)

			continue
		}
		// If the user has left, the farewell goes behind the news: a peer takes no end from a
		// session that it does not know.
		fx = s.settled(append(fx, s.tell(k.At, h.Old)), c)
	}
	for _, r := range h.Moves {
		if c := s.byPeer[r.User]; c != nil {
			c.relocate(r.Old, r.Now)
		}
	}

	return s.drained(fx)
}

// tell is the effect that tells a peer at that place where the user is now, whose session old it
// knows.
func (s *Session) tell(peer Place, old SID) Effect {
	return Effect{
		Kind: Relocate, To: Place{Node: peer.Node},
		Relocation: &Relocation{Peer: peer.SID, Old: old, Now: s.cfg.Place, User: s.cfg.User},
	}
}

// OnRelocation takes note of where a peer is now. If the session was replaced itself, the
// relocation follows the user.
func (s *Session) OnRelocation(fx []Effect, now int64, r *Relocation) []Effect {
	s.now = now
	if s.state == Replaced {
		onward := *r
		onward.Peer = s.next.SID

		return append(fx, Effect{Kind: Relocate, To: Place{Node: s.next.Node}, Relocation: &onward})
	}
	c := s.byPeer[r.User]
	if c == nil {
		return fx
	}
	c.relocate(r.Old, r.Now)
	if !s.cfg.Linked(r.Now.Node) { // it was told by the node of the older session
		fx = c.nodeDown(fx, r.Now.Node)
	}

	return s.settled(fx, c)
}

// retire says that the session was replaced by a newer one: what is under way may still be
// answered, all else ends in Canceled, and nothing more is sent. It returns where the peer is if
// the channel is open: the newer session adopts it. An offer that is still under way may open the
// channel afterwards: then retire is called again.
func (c *Conversation) retire(fx []Effect) ([]Effect, Place, bool) {
	if c.out.phase == locating {
		fx = c.giveUp(c.finish(fx, c.untrack(0), Canceled))
	}
	for i, it := range c.out.queue {
		fx = c.finish(fx, it, Canceled)
		c.out.queue[i] = nil
	}
	c.out.queue = c.out.queue[:0]
	if c.out.phase == pausing {
		c.out.phase = steady
	}
	at, was := c.place, c.Open() && c.place.Known()
	c.close()

	return fx, at, was
}

// adopt opens the channel that an older session of the user had, unless this session has opened one
// already: then it knows better.
func (c *Conversation) adopt(at Place) {
	if c.state != unopened || c.retired() {
		return
	}
	if c.in.from.Known() { // the peer writes to this session already
		at = c.in.from
	}
	c.state = adopted
	c.at(at)
}

// relocate says that the peer's session old has been replaced by the one at now.
func (c *Conversation) relocate(old SID, now Place) {
	if c.moved.now.Known() && now.SID == c.moved.old { // told in the wrong order
		now = c.moved.now
	}
	c.moved = move{old, now}
	if c.Open() && c.place.SID == old {
		c.at(now)
		c.in.superseded = c.in.superseded || c.in.from.SID == old
	}
}
