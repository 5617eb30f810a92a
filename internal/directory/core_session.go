package directory

import (
	"slices"

	"github.com/parley-dm/parley/internal/node"
)

type sessionState uint8

const (
	blocked   sessionState = iota // waits until the user's older session on this node has been evicted
	claiming                      // in core.claiming; the claim is out if num is the view's
	confirmed                     // in the list of its owner, in life
	evicting                      // effects.evict has been called; still registered, or claimed
	ended
)

// session is a session of a user on this node.
type session struct {
	user  string
	sid   node.SID
	stamp node.Stamp
	hash  uint64
	owner *peer  // where it is registered or claimed; of this life only
	x     *extra // nil once nothing is under way

	pos, index uint32 // in its list, in core.all
	num        uint32 // of the view in which the claim was sent
	life       uint32 // in which owner and list are valid
	state      sessionState
	again      bool // confirmed before a pause, claimed anew with its old stamp
	registered bool // in the list of its owner
}

// extra is what a session needs while something is under way.
type extra struct {
	older  *session // evicted first
	askers []*peer  // owners that wait for its eviction
	call   *call    // Claim that waits for it
}

// claim makes the session the user's newest on this node, and claims it.
func (c *core) claim(user string, sid node.SID, stamp node.Stamp, wait *call) *session {
	s := &session{
		user: user, sid: sid, stamp: stamp, hash: hashUser(user), state: claiming, x: &extra{call: wait},
		index: uint32(len(c.all)), life: c.life,
	}
	c.all = append(c.all, s)
	old := c.sessions[user]
	c.sessions[user] = s
	withdrawn := false
	if old != nil {
		withdrawn = c.evictOlder(old, s)
	}
	if s.state == claiming {
		c.claimed(s)
	}
	if withdrawn { // behind the newer claim: the owner says "not found" at no moment in between
		c.withdraw(old, 0)
	}

	return s
}

// known returns the session with that SID, nil if there is none.
func (c *core) known(user string, sid node.SID) *session {
	s := c.sessions[user]
	for s != nil && s.sid != sid {
		if s.x == nil {
			return nil
		}
		s = s.x.older
	}

	return s
}

// evictOlder ends a user's session for the next one on this node. True: the claim of the old one
// has still to be withdrawn.
func (c *core) evictOlder(old, s *session) bool {
	here := node.Place{Node: c.me.id, SID: s.sid}
	switch {
	case old.state == evicting:
		s.x.older, s.state = old, blocked
	case old.state == blocked:
		s.x.older, s.state = old.x.older, blocked
		c.remove(old)
		c.fx.decided(old, &ReplacedError{Next: here})
	case old.state == claiming && !old.again:
		c.remove(old)
		c.fx.decided(old, &ReplacedError{Next: here})

		return true
	default:
		s.x.older, s.state = old, blocked
		c.evict(old, here)
	}

	return false
}

// evict asks for the end of a session that was confirmed.
func (c *core) evict(s *session, next node.Place) {
	c.uncount(s)
	s.state = evicting
	if s.x == nil {
		s.x = &extra{}
	}
	c.fx.evict(s, next)
}

// evicted is the answer to effects.evict: the session has sent its last.
func (c *core) evicted(s *session, epoch node.Stamp) {
	if s.state != evicting {
		return
	}
	askers := s.x.askers
	if n := c.sessions[s.user]; n != s && n != nil && n.x != nil && n.x.older == s {
		n.x.older = nil
		if n.state == blocked { // its claim is sent before the older one is unregistered: the owner knows the user all the time
			n.state = claiming
			n.stamp = max(n.stamp, epoch+1)
			c.claimed(n)
		}
	}
	for _, p := range askers {
		c.post(p, &message{kind: kindEvicted, sid: s.sid, stamp: epoch, user: s.user, owned: true})
	}
	if !slices.Contains(askers, s.owner) { // "evicted" says the same
		c.withdraw(s, epoch)
	} else if s.registered {
		c.withdrawAhead(s, epoch)
	}
	c.remove(s)
}

// claimed puts a session into the list of those that claim, and sends the claim.
func (c *core) claimed(s *session) {
	s.life, s.num, s.owner, s.registered = c.life, 0, nil, false
	s.pos = uint32(len(c.claiming))
	c.claiming = append(c.claiming, s)
	c.sendClaim(s)
}

// sendClaim claims a session with the owner of the present view.
func (c *core) sendClaim(s *session) {
	o := c.ownerOf(s.hash)
	if o == nil {
		return
	}
	if c.rules.tidy && s.owner != nil && s.owner != o {
		c.withdraw(s, 0)
	}
	s.owner, s.num, s.life = o, c.num, c.life
	c.post(o, &message{kind: kindClaim, again: s.again, num: c.num, view: c.view, stamp: s.stamp, sid: s.sid, user: s.user, owned: true})
}

// withdraw unregisters a session, or its claim, wherever it may be known.
func (c *core) withdraw(s *session, epoch node.Stamp) {
	if s.owner == nil || s.life != c.life {
		return
	}
	c.post(s.owner, &message{kind: kindUnregister, sid: s.sid, stamp: epoch, user: s.user, owned: true})
	if s.registered {
		c.withdrawAhead(s, epoch)
	}
}

// withdrawAhead unregisters a session with the nodes that it was registered with ahead.
func (c *core) withdrawAhead(s *session, epoch node.Stamp) {
	if s.life != c.life {
		return
	}
	for _, j := range c.joiners {
		if j.outranks(s.owner, s.hash) {
			c.post(j, &message{kind: kindUnregister, sid: s.sid, stamp: epoch, user: s.user, owned: true})
		}
	}
}

// remove takes a session out of everything.
func (c *core) remove(s *session) {
	c.uncount(s)
	c.unlist(s)
	last := c.all[len(c.all)-1]
	c.all[s.index], last.index = last, s.index
	c.all[len(c.all)-1] = nil
	c.all = c.all[:len(c.all)-1]
	if c.sessions[s.user] == s {
		if s.x != nil && s.x.older != nil {
			c.sessions[s.user] = s.x.older
		} else {
			delete(c.sessions, s.user)
		}
	}
	s.state = ended
}

// unlist takes a session out of the list that it is in.
func (c *core) unlist(s *session) {
	if s.life != c.life || s.state == blocked {
		return
	}
	list := &c.claiming
	if s.registered {
		list = &s.owner.sessions
	}
	l := *list
	last := l[len(l)-1]
	l[s.pos], last.pos = last, s.pos
	l[len(l)-1] = nil
	*list = l[:len(l)-1]
	s.registered = false
}

// uncount is called before a session leaves its state.
func (c *core) uncount(s *session) {
	switch {
	case s.state == confirmed && s.life == c.life:
		c.standing--
	case s.state == confirmed, s.state == claiming && s.again:
		c.undecided--
	}
}

// stands tells whether the session is the user's one session, as far as is known here.
func (c *core) stands(s *session) bool { return s.state == confirmed && s.life == c.life }

// release ends a session: it has sent its last. A session that is being evicted ends when that is
// done.
func (c *core) release(s *session, epoch node.Stamp, err error) {
	if s.state == evicting || s.state == ended {
		return
	}
	undecided := !s.again && (s.state == claiming || s.state == blocked)
	if s.state != blocked {
		c.withdraw(s, epoch)
	}
	c.remove(s)
	if undecided {
		c.fx.decided(s, err)
	}
}

// evictRequested handles an owner's request to end a session for a newer login.
func (c *core) evictRequested(from *peer, m *message) {
	s := c.known(m.user, m.sid)
	switch {
	case s == nil:
		// It ended before, and its epoch may have been named elsewhere: this clock is above it.
		c.post(from, &message{kind: kindEvicted, sid: m.sid, stamp: c.fx.now(), user: m.user, owned: m.owned})
	case s.state == claiming && !s.again:
		c.lose(s, c.placeOf(m))
		c.post(from, &message{kind: kindEvicted, sid: m.sid, user: m.user, owned: m.owned})
	default:
		if s.state != evicting {
			c.evict(s, c.placeOf(m))
		}
		s.x.askers = append(s.x.askers, from)
	}
}
