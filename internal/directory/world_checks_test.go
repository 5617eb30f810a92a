package directory

import (
	"fmt"
	"slices"

	"github.com/parley-dm/parley/internal/node"
)

// lost checks that a session did not lose to one whose login was complete before it began, in the
// same half.
func (w *world) lost(l *login, next node.Place) {
	if l == nil || w.halves[l.sid] {
		return
	}
	for _, h := range w.nodes {
		for _, x := range h.logins {
			if h.id == next.Node && x.sid == next.SID && x.done != 0 && x.done < l.began && (h.woke <= l.began || !w.rules.yield) && l.at.woke <= l.began && slices.Contains(l.mutual, h.id) {
				w.failf("C: session %s of %s, begun at %d, lost to %s, complete since %d", short(l.sid), l.user, l.began, short(x.sid), x.done)
			}
		}
	}
}

// mutual tells whether two nodes are in each other's view, on an undisturbed link.
func (w *world) mutual(a, b int) bool {
	return w.sees(a, b) && w.sees(b, a) && w.sides[a][b].state == up && w.sides[b][a].state == up &&
		w.sides[a][b].link == w.sides[b][a].link && !w.nodes[a].paused && !w.nodes[b].paused
}

// knows tells whether a regards b, in its present life, as a member: also if b has given a up
// already.
func (w *world) knows(a, b int) bool {
	return w.sees(a, b) && w.sides[a][b].peer == w.nodes[b].id && w.nodes[b].member
}

// sees tells whether b is in a's view.
func (w *world) sees(a, b int) bool {
	return a != b && w.nodes[a].member && w.sides[a][b].state != down && w.sides[a][b].told
}

// check looks for two confirmed sessions of one user on nodes that see each other, and for stamps
// that are not above an epoch that the owner had been told.
func (w *world) check() {
	for _, h := range w.nodes {
		for _, l := range h.logins {
			if l.s.state != confirmed || l.s.life != h.core.life {
				continue
			}
			if !l.confirmed {
				l.confirmed, l.done = true, w.time
			}
			if l.life != l.s.life {
				l.life = l.s.life
				w.alone(h, l)
			}
			if l.stamp = l.s.stamp; uint64(l.stamp) > l.epoch {
				l.epoch = uint64(l.stamp)
			}
		}
		if err := h.core.invariants(); err != nil {
			w.failf("I: %s: %v", h.id.Name, err)
		}
	}
}

// alone checks that no other session of the user stands when one is confirmed.
func (w *world) alone(h *host, l *login) {
	for j, o := range w.nodes {
		if !w.knows(h.i, j) {
			continue
		}
		for _, x := range o.logins {
			if x.user == l.user && x.s.registered && x.s.life == o.core.life {
				w.failf("A: session %s of %s is confirmed at %s while %s stands at %s", short(l.sid), l.user, h.id.Name, short(x.sid), o.id.Name)
			}
		}
	}
}

// invariants checks what the core's lists promise each other.
func (c *core) invariants() error {
	standing, undecided := 0, 0
	for i, s := range c.all {
		if int(s.index) != i || s.state == ended {
			return fmt.Errorf("session %s: index %d at %d", short(s.sid), s.index, i)
		}
		if s.life == c.life && s.state != blocked {
			list := c.claiming
			if s.registered {
				list = s.owner.sessions
			}
			if int(s.pos) >= len(list) || list[s.pos] != s {
				return fmt.Errorf("session %s is not in its list", short(s.sid))
			}
		}
		if s.state == confirmed && s.life == c.life {
			standing++
		} else if s.state == confirmed || s.state == claiming && s.again {
			undecided++
		}
	}
	if standing != c.standing || undecided != c.undecided {
		return fmt.Errorf("standing %d, counted %d; undecided %d, counted %d", standing, c.standing, undecided, c.undecided)
	}
	entries, waiting := 0, 0
	for user, e := range c.index {
		for ; e != nil; e = e.next {
			entries++
			if e.user != user || e.holder.entries[e.pos] != e {
				return fmt.Errorf("entry of %s", user)
			}
		}
	}
	for e := c.requests.first; e != nil; e = e.next {
		r := e.of
		waiting++
		if q := c.waits[r.user]; q == nil || r.kind == kindClaim && !slices.Contains(q.claims, r) {
			return fmt.Errorf("request for %s is in no queue", r.user)
		}
	}
	if entries != c.entries || waiting != c.waiting {
		return fmt.Errorf("entries %d, counted %d; waiting %d, counted %d", entries, c.entries, waiting, c.waiting)
	}
	agree := 0
	for _, p := range c.peers {
		if p.agrees {
			agree++
		}
	}
	if agree != c.agree && c.rules.atomic {
		return fmt.Errorf("agree %d, counted %d", agree, c.agree)
	}

	return nil
}
