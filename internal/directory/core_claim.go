package directory

import (
	"github.com/parley-dm/parley/internal/node"
)

// confirmed handles a confirmation.
func (c *core) confirmed(from *peer, m *message) {
	s := c.known(m.user, m.sid)
	unwanted := s == nil
	if s != nil && s.state == claiming && m.num != c.num && c.rules.confView {
		unwanted = c.ownerOf(s.hash) != from // otherwise the claim of this view renews the entry
		s = nil
	}
	if unwanted && c.rules.tidy {
		c.post(from, &message{kind: kindUnregister, sid: m.sid, user: m.user, owned: m.owned})
	}
	if s == nil || s.state != claiming {
		return
	}
	c.uncount(s)
	c.unlist(s)
	s.state, s.stamp = confirmed, m.stamp
	c.standing++
	c.enlist(s, from)
	for _, j := range c.joiners {
		if j.outranks(from, s.hash) {
			c.registerAhead(s, j)
		}
	}
	if o := c.ownerOf(s.hash); o != from && o != nil { // without confView only
		c.move(s, o, false)
	}
	if !s.again {
		c.fx.decided(s, nil)
	}
	s.again, s.x = false, nil
	c.stats.confirmed++
}

// enlist puts a session into the list of its owner.
func (c *core) enlist(s *session, owner *peer) {
	s.owner, s.life, s.registered = owner, c.life, true
	s.pos = uint32(len(owner.sessions))
	owner.sessions = append(owner.sessions, s)
}

// replaced handles the answer to a claim that lost: only one made again can.
func (c *core) replaced(m *message) {
	s := c.known(m.user, m.sid)
	if s == nil || s.state != claiming {
		return
	}
	c.lose(s, c.placeOf(m))
}

// lose ends a session whose claim is under way.
func (c *core) lose(s *session, next node.Place) {
	c.stats.replaced++
	if s.again {
		c.evict(s, next)

		return
	}
	c.withdraw(s, 0)
	c.remove(s)
	c.fx.decided(s, &ReplacedError{Next: next})
}

// refused handles the answer to a claim that could not be decided in time. One made again is sent
// again with the next tick.
func (c *core) refused(m *message) {
	s := c.known(m.user, m.sid)
	if s == nil || s.state != claiming || m.num != s.num || s.num != c.num {
		return
	}
	if s.again {
		s.num = 0
		c.jobs.retry = true

		return
	}
	c.stats.unsettled++
	c.release(s, 0, ErrUnsettled)
}
