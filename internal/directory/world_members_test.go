package directory

import (
	"slices"

	"github.com/parley-dm/parley/internal/node"
)

func (w *world) crash(h *host) {
	for j := range w.n {
		w.sides[h.i][j] = side{}
		w.queue[j][h.i] = nil
	}
	for _, l := range h.logins {
		l.over = true
	}
	w.restart(h)
}

// enter: a node that has links to all members that any of them names.
func (w *world) enter(a int) bool {
	h := w.nodes[a]
	if h.member || h.paused {
		return false
	}
	some := false
	for j := range w.n {
		s := &w.sides[a][j]
		if s.state == down || !s.told {
			continue
		}
		some = true
		for _, id := range s.list {
			if id == h.id {
				continue
			}
			k := slices.IndexFunc(w.sides[a], func(o side) bool { return o.state != down && o.peer == id && o.told })
			if k < 0 {
				return false
			}
		}
	}
	if !some {
		return false
	}
	w.join(a)

	return true
}

// form: the oldest of those that it knows, none of which is a member.
func (w *world) form(a int) bool {
	h := w.nodes[a]
	if h.member || h.paused {
		return false
	}
	for j := range w.n {
		if s := &w.sides[a][j]; s.state != down && (s.told || w.nodes[j].age < h.age) {
			return false
		}
	}
	w.join(a)

	return true
}

func (w *world) join(a int) {
	w.nodes[a].member = true
	for j := range w.n {
		if j != a && w.sides[a][j].state != down {
			w.status(a, j)
		}
	}
	w.nodes[a].core.viewChanged(w.view(a))
}

// wake ends a pause, which was longer than it takes the others to suspend their links.
func (w *world) wake(h *host) {
	h.paused, h.woke = false, w.time
	for j := range w.n {
		if w.sides[j][h.i].state == up && w.sides[j][h.i].peer == h.id {
			w.sides[j][h.i].state = suspended
		}
	}
	h.member = false
	for j := range w.n {
		if s := &w.sides[h.i][j]; s.state != down {
			id := s.peer
			*s = side{}
			w.queue[j][h.i] = nil
			h.core.nodeDown(id, nil)
		}
	}
	h.core.viewChanged(nil)
	h.core.paused()
	h.owed = true
}

// stepOut ends the membership of a node that misses a member that another one sees.
func (w *world) stepOut() bool {
	for a := range w.n {
		for c := range w.n {
			if !w.sees(a, c) {
				continue
			}
			for _, id := range w.sides[a][c].list {
				if id != w.nodes[a].id && !slices.Contains(w.view(a), id) {
					w.leave(a)

					return true
				}
			}
		}
	}

	return false
}

func (w *world) leave(a int) {
	h := w.nodes[a]
	for len(h.logins) > 0 {
		l := h.logins[0]
		h.over(l)
		h.core.release(l.s, node.Stamp(l.epoch), ErrReleased)
		h.core.finish()
	}
	h.member = false
	w.ages++
	h.age = w.ages
	for j := range w.n {
		if s := &w.sides[a][j]; s.state != down {
			id := s.peer
			*s = side{}
			w.queue[j][a] = nil
			h.core.nodeDown(id, nil)
		}
	}
	h.core.viewChanged(nil)
}
