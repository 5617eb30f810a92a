package cluster

import (
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// mayEnter tells whether there is a link to every member that any of them names, and at least one.
func (c *core) mayEnter() bool {
	some := false
	for _, p := range c.peers {
		if !p.known {
			return false
		}
		if p.status.state == looking {
			continue
		}
		some = true
		for _, m := range p.status.members {
			if q := c.peers[m.id]; m.id != c.self && !c.dead[m.id] && (q == nil || !q.known || q.status.state == looking) {
				return false
			}
		}
	}

	return some
}

// mayFound tells whether no member is known, and this node is the oldest of those that look.
func (c *core) mayFound(now time.Time) bool {
	if !c.found && now.Before(c.lookUntil) {
		return false
	}
	for n, p := range c.peers {
		if !p.known || p.status.state != looking || older(p.status.since, n, c.since, c.self) {
			return false
		}
	}

	return true
}

// look notes which members another member sees and this node has no link to.
func (c *core) look(now time.Time) {
	seen := make(map[node.ID]bool)
	for n, p := range c.peers {
		if !p.entered || c.silent[n] {
			continue
		}
		for _, m := range p.status.members {
			if q := c.peers[m.id]; m.id == c.self || m.leaving || q != nil || c.dead[m.id] {
				continue
			}
			seen[m.id] = true
			was, known := c.missing[m.id]
			if !known {
				was.from = now
			}
			was.total = max(was.total, len(p.status.members))
			was.older = older(m.since, m.id, c.since, c.self)
			c.missing[m.id] = was
		}
	}
	for n := range c.missing {
		if !seen[n] {
			delete(c.missing, n)
		}
	}
}

// stepsOut tells whether this node has to go: it misses a member for longer than linkGrace, and it
// misses more than half of what a third one sees, or it is the younger of the two.
func (c *core) stepsOut(now time.Time) bool {
	lost, total, younger := 0, 0, false
	for _, m := range c.missing {
		since := now.Sub(m.from)
		if since < linkGrace {
			continue
		}
		lost++
		total = max(total, m.total)
		younger = younger || m.older && since >= youngerGrace
	}

	return lost > 0 && (2*lost > total || younger)
}

// steppedOut is called when the sessions have ended, before the links end.
func (c *core) steppedOut(acts []action, now time.Time) []action {
	if now.Sub(c.memberAt) > steady {
		c.rejoin = firstRejoin
	}
	c.notBefore, c.rejoin = now.Add(c.rejoin), min(2*c.rejoin, maxRejoin)

	return c.lookAgain(acts, now)
}

// paused is called when this process did not run for a while and all links have ended.
func (c *core) paused(acts []action, now time.Time) []action { return c.lookAgain(acts, now) }

// lookAgain makes this node the youngest of those that look for the cluster.
func (c *core) lookAgain(acts []action, now time.Time) []action {
	c.state, c.since, c.found, c.lookUntil = looking, uint64(now.UnixMilli()), false, now.Add(lookTime)
	clear(c.missing)
	for _, p := range c.peers {
		p.entered = false
	}

	return append(acts, action{do: viewChanged})
}
