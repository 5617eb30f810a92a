package directory

import "github.com/parley-dm/parley/internal/node"

// jobs is what work has to do. All of it can be left undone between two slices, whatever happens
// meanwhile.
type jobs struct {
	// Registrations of the present view: it is announced when they are done.
	registering bool
	orphans     []*peer // owners that are no members any more, with sessions
	entered     []*peer // members that were registered with ahead
	all         int     // sessions left to be looked at, from the end of core.all: a member entered that was not

	asks    bool // after the announcement: claims and lookups are sent to the view's owners
	reclaim int  // left of core.claiming
	renew   int  // left of core.all: sessions of earlier lives
	retry   bool // with the next tick: a claim made again was refused

	unregister []former // with former owners, after the announcement
	scans      []scan   // joiners
	dead       []*peer  // nodes that are gone: entries to be thrown away
}

// former is a registration that is not needed any more.
type former struct {
	at   *peer
	user string
	sid  node.SID
}

// scan is the pass that registers ahead with a joiner.
type scan struct {
	joiner *peer
	left   int // of core.all
}

func (j *jobs) idle() bool {
	return !j.registering && !j.asks && j.reclaim == 0 && j.renew == 0 && len(j.unregister) == 0 && len(j.scans) == 0 &&
		len(j.dead) == 0
}

// busy tells whether work has something to do.
func (c *core) busy() bool {
	return !c.jobs.idle() || c.requests.cursor != nil || c.asked.cursor != nil
}

// work does some steps of what has to be done and tells whether something is left. Each step looks
// at one session, entry, lookup or request.
func (c *core) work(steps int) bool {
	defer c.finish()
	for ; steps > 0 && c.busy(); steps-- {
		c.step()
	}

	return c.busy()
}

// step does what is most urgent: first what others wait for.
func (c *core) step() {
	j := &c.jobs
	switch {
	case j.registering:
		if !c.stepRegister() {
			c.registeredAll()
		}
	case j.asks:
		j.asks = false
		j.reclaim, c.asked.cursor = len(c.claiming), c.asked.first
		if c.undecided > 0 {
			j.renew = len(c.all)
		}
	case j.reclaim > 0:
		c.stepReclaim()
	case c.asked.cursor != nil:
		e := c.asked.cursor
		if c.asked.cursor = e.next; e.of.num != c.num {
			c.ask(e.of)
		}
	case c.requests.cursor != nil:
		c.stepRequests()
	case j.renew > 0:
		c.stepRenew()
	case len(j.unregister) > 0:
		last := len(j.unregister) - 1
		f := j.unregister[last]
		j.unregister[last] = former{}
		if j.unregister = j.unregister[:last]; last == 0 {
			j.unregister = nil
		}
		c.unregisterFormer(f)
	case len(j.scans) > 0:
		c.stepScan()
	case len(j.dead) > 0:
		c.stepDead()
	}
}

// stepRegister moves one session to the owner that it has in the present view, false: all are.
func (c *core) stepRegister() bool {
	j := &c.jobs
	if n := len(j.orphans); n > 0 {
		p := j.orphans[n-1]
		if len(p.sessions) == 0 {
			j.orphans = j.orphans[:n-1]

			return true
		}
		s := p.sessions[len(p.sessions)-1]
		c.move(s, c.ownerOf(s.hash), false)

		return true
	}
	if n := len(j.entered); n > 0 {
		p := j.entered[n-1]
		k := len(p.early)
		if k == 0 || !p.member || p.gone {
			p.early = nil
			j.entered = j.entered[:n-1]

			return true
		}
		s := p.early[k-1]
		p.early[k-1] = nil
		p.early = p.early[:k-1]
		if s.registered && s.life == c.life && s.owner != p && p.outranks(s.owner, s.hash) {
			c.move(s, p, true)
		}

		return true
	}
	if j.all = min(j.all, len(c.all)); j.all > 0 {
		j.all--
		s := c.all[j.all]
		if s.registered && s.life == c.life {
			if o := c.ownerOf(s.hash); o != s.owner {
				c.move(s, o, false)
			}
		}

		return true
	}

	return false
}

// move registers a session with another owner, unless that knows it, and sees to it that each
// joiner that outranks the owner, and no other, knows it.
func (c *core) move(s *session, to *peer, known bool) {
	from := s.owner
	c.unlist(s)
	c.enlist(s, to)
	if !known {
		c.post(to, s.registration())
	}
	c.stats.moved++
	for _, j := range c.joiners {
		had, has := j.outranks(from, s.hash), j.outranks(to, s.hash)
		switch {
		case has && !had:
			c.registerAhead(s, j)
		case had && !has:
			c.former(s, j)
		}
	}
	if c.rules.replica {
		c.former(s, from)
	}
}

// former unregisters a session, later: after the announcement that tells of the reason.
func (c *core) former(s *session, p *peer) {
	f := former{at: p, user: s.user, sid: s.sid}
	if !c.rules.after {
		c.unregisterFormer(f)

		return
	}
	if !p.gone {
		c.jobs.unregister = append(c.jobs.unregister, f)
	}
}

func (s *session) registration() *message {
	return &message{kind: kindRegister, sid: s.sid, stamp: s.stamp, user: s.user, owned: true}
}

func (c *core) registerAhead(s *session, j *peer) {
	j.early = append(j.early, s)
	c.post(j, s.registration())
	c.stats.ahead++
}

// unregisterFormer unregisters a session with a former owner, unless that is its owner again.
func (c *core) unregisterFormer(f former) {
	if s := c.known(f.user, f.sid); s != nil && s.life == c.life && s.owner != nil &&
		(s.owner == f.at || s.registered && f.at.joiner && f.at.outranks(s.owner, s.hash)) {
		return
	}
	c.post(f.at, &message{kind: kindUnregister, sid: f.sid, user: f.user, owned: true})
}

// stepReclaim sends a claim to the owner in the present view.
func (c *core) stepReclaim() {
	j := &c.jobs
	if j.reclaim = min(j.reclaim, len(c.claiming)); j.reclaim == 0 {
		return
	}
	j.reclaim--
	if s := c.claiming[j.reclaim]; s.state == claiming && s.num != c.num {
		c.sendClaim(s)
	}
}

// stepRenew claims a session of an earlier life again.
func (c *core) stepRenew() {
	j := &c.jobs
	if j.renew = min(j.renew, len(c.all)); j.renew == 0 {
		return
	}
	j.renew--
	if s := c.all[j.renew]; s.state == confirmed && s.life != c.life {
		s.state, s.again, s.x = claiming, true, &extra{}
		c.claimed(s)
	}
}

// stepScan registers one session ahead.
func (c *core) stepScan() {
	sc := &c.jobs.scans[0]
	if sc.left = min(sc.left, len(c.all)); sc.left == 0 {
		sc.joiner.ahead = true
		c.jobs.scans = c.jobs.scans[1:]

		return
	}
	sc.left--
	if s := c.all[sc.left]; s.registered && s.life == c.life && sc.joiner.outranks(s.owner, s.hash) {
		c.registerAhead(s, sc.joiner)
	}
}

// stepDead throws away an entry of a node that is gone.
func (c *core) stepDead() {
	last := len(c.jobs.dead) - 1
	p := c.jobs.dead[last]
	if n := len(p.entries); n > 0 {
		c.drop(p.entries[n-1])

		return
	}
	p.entries = nil
	c.jobs.dead[last] = nil
	c.jobs.dead = c.jobs.dead[:last]
}
