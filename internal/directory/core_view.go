package directory

import (
	"slices"

	"github.com/parley-dm/parley/internal/node"
)

// linked registers ahead with a node that has not entered.
func (c *core) linked(id node.ID) {
	defer c.finish()
	p := c.peer(id)
	if p == c.me || p.member || p.joiner {
		return
	}
	p.joiner = true
	c.joiners = append(c.joiners, p)
	c.jobs.scans = append(c.jobs.scans, scan{joiner: p, left: len(c.all)})
}

// nodeDown ends a node's link: its entries and requests are void in the same step in which the view
// changes, otherwise "not found" could be said under the old view.
func (c *core) nodeDown(id node.ID, view []node.ID) {
	defer c.finish()
	if p := c.peers[id]; p != nil {
		p.gone = true
		delete(c.peers, id)
		c.notJoiner(p)
		if p.agrees && c.rules.atomic {
			p.agrees = false
			c.agree--
		}
		if c.rules.atomic && p.member && len(p.sessions) > 0 && !slices.Contains(c.jobs.orphans, p) {
			c.jobs.orphans = append(c.jobs.orphans, p)
		}
		if len(p.entries) > 0 {
			c.jobs.dead = append(c.jobs.dead, p)
		}
		if p.waiting > 0 {
			c.sweep()
		}
	}
	if c.rules.atomic {
		c.change(view)
	}
	c.recheck()
}

func (c *core) notJoiner(p *peer) {
	if !p.joiner {
		return
	}
	p.joiner = false
	c.joiners = without(c.joiners, p)
	c.stopScan(p)
}

func (c *core) stopScan(p *peer) {
	c.jobs.scans = slices.DeleteFunc(c.jobs.scans, func(s scan) bool { return s.joiner == p })
}

// viewChanged makes the nodes the members, this one included; none: it is in no view.
func (c *core) viewChanged(view []node.ID) {
	defer c.finish()
	c.change(view)
}

func (c *core) change(view []node.ID) {
	if slices.EqualFunc(view, c.members, func(id node.ID, p *peer) bool { return id == p.id && !p.gone }) {
		return
	}
	first := c.view == 0
	before := c.members
	c.num++
	c.view = hashView(view)
	c.members = make([]*peer, 0, len(view))
	for _, p := range before {
		p.member = false
	}
	for _, id := range view {
		p := c.peer(id)
		p.member = true
		c.members = append(c.members, p)
	}
	c.me.seen = c.num
	if len(view) == 0 {
		c.leave()

		return
	}
	for _, p := range before {
		if !p.member && len(p.sessions) > 0 && !slices.Contains(c.jobs.orphans, p) {
			c.jobs.orphans = append(c.jobs.orphans, p)
		}
	}
	c.jobs.orphans = slices.DeleteFunc(c.jobs.orphans, func(p *peer) bool { return p.member })
	for _, p := range c.members {
		if p != c.me && !slices.Contains(before, p) && !first {
			if p.joiner && p.ahead {
				c.jobs.entered = append(c.jobs.entered, p)
			} else {
				c.jobs.all = len(c.all)
				p.early = nil
			}
		}
		c.stopScan(p)
		p.ahead = false
	}
	c.jobs.registering = true
	if !c.rules.sync {
		c.announceAll()
	}
	if !c.rules.replica {
		c.dropForeign()
	}
	c.count()
	c.jobs.asks = true
}

// dropForeign is what the rule replica forbids: only tests do it.
func (c *core) dropForeign() {
	for _, p := range append([]*peer{c.me}, c.members...) {
		for _, e := range slices.Clone(p.entries) {
			if c.ownerOf(hashUser(e.user)) != c.me {
				c.drop(e)
			}
		}
	}
}

// leave ends this node's membership. Its sessions have to be claimed again; nothing is left of what
// it owned.
func (c *core) leave() {
	c.undecided += c.standing
	c.standing = 0
	c.life++
	for _, s := range c.claiming { // they stay in the list
		s.life, s.owner, s.num = c.life, nil, 0
	}
	for _, p := range c.peers {
		p.sessions, p.early, p.ahead = nil, nil, false
	}
	if len(c.me.entries) > 0 {
		c.jobs.dead = append(c.jobs.dead, c.me)
	}
	if c.me.waiting > 0 {
		c.sweep()
	}
	c.me.gone, c.me.sessions = true, nil
	c.me = newPeer(c.me.id)
	c.me.seen = c.num
	c.jobs = jobs{dead: c.jobs.dead, scans: c.jobs.scans}
	c.count()
}

// paused says that the sessions of before are the first thing to claim; effects.reclaimed tells of
// the last one.
func (c *core) paused() {
	defer c.finish()
	c.reclaiming = true
}

// count counts the members that agree anew.
func (c *core) count() {
	c.agree = 0 // what is gone is not among the peers
	for _, p := range c.peers {
		p.agrees = false
		c.compare(p)
	}
}

// compare looks whether a member's announcement is for the present view.
func (c *core) compare(p *peer) {
	agrees := p.member && !p.gone && c.view != 0 && p.said.view == c.view && (p.said.echo == c.num || !c.rules.echo)
	if agrees == p.agrees {
		return
	}
	if p.agrees = agrees; agrees {
		c.agree++
	} else {
		c.agree--
	}
}

// announced handles an announcement. A new one is answered, so that its sender hears its number.
func (c *core) announced(from *peer, m *message) {
	from.said = announcement{view: m.view, num: m.num, echo: m.echo}
	if m.num > from.seen {
		from.seen = m.num
		if from.waiting > 0 {
			c.sweep()
		}
		if c.rules.echo && !c.jobs.registering {
			c.announce(from)
		}
	}
	before := c.settled()
	c.compare(from)
	if !before {
		c.recheck()
	}
}

func (c *core) announce(p *peer) {
	c.post(p, &message{kind: kindAnnounce, num: c.num, echo: p.seen, view: c.view})
}

// registeredAll ends the registrations of a view. Until now the nodes that have entered counted as
// joiners: sessions that had not moved to them yet were registered with them.
func (c *core) registeredAll() {
	c.jobs.registering = false
	for _, p := range slices.Clone(c.joiners) {
		if p.member {
			c.notJoiner(p)
		}
	}
	c.announceAll()
	c.recheck()
}

// announceAll says that all registrations of this view have been sent.
func (c *core) announceAll() {
	for _, p := range c.peers {
		c.announce(p)
	}
	c.stats.views++
}
