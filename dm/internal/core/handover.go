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

// NodeDown says that the link to a node has ended: every channel with a user there ends, and what
// was under way to it is unknown.
func (s *Session) NodeDown(fx []Effect, now int64, n Node) []Effect {
	s.now = now
	for _, c := range slices.Backward(s.all) {
		fx = s.settled(c.nodeDown(fx, n), c)
	}

	return s.notifyOrphanedPeers(fx, n)
}

// notifyOrphanedPeers tells the peers of a session that was replaced where the newer one was,
// because its node has just died: it may not have come to that itself.
func (s *Session) notifyOrphanedPeers(fx []Effect, dead Node) []Effect {
	if s.next.Node != dead || s.state != Replaced {
		return fx
	}
	for _, k := range s.handed {
		fx = append(fx, Effect{Kind: Relocate, To: Place{Node: k.At.Node}, Relocation: &Relocation{
			Peer: k.At.SID, Old: s.cfg.Place.SID, Now: s.next, User: s.cfg.User,
		}})
	}
	s.handed = nil

	return fx
}
