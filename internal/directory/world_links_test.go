package directory

import "github.com/parley-dm/parley/internal/node"

func (w *world) deliver(a, b int) bool {
	to := w.nodes[b]
	if a == b || w.sides[b][a].state == down || w.sides[b][a].state == suspended || len(w.queue[a][b]) == 0 || to.paused {
		return false
	}
	p := w.queue[a][b][0]
	w.queue[a][b] = w.queue[a][b][1:]
	from := w.sides[b][a].peer
	if p.packet == nil {
		s := &w.sides[b][a]
		was := s.told
		s.told, s.list = p.member, p.list
		if !p.member && !was {
			to.core.linked(from)
		}
		if to.member && was != p.member && to.limp == nil {
			w.changed(b)
		}

		return true
	}
	w.describe(b, from, p.packet)
	w.watch(to, p.packet)
	if err := to.core.packet(from, p.packet); err != nil {
		w.failf("P: %v", err)
	}

	return true
}

func (w *world) changed(a int) {
	h := w.nodes[a]
	for j := range w.n {
		if j != a && w.sides[a][j].state != down && !w.sees(a, j) {
			w.status(a, j)
		}
	}
	h.core.viewChanged(w.view(a))
}

func (w *world) status(a, b int) {
	w.queue[a][b] = append(w.queue[a][b], parcel{member: w.nodes[a].member, list: w.view(a)})
}

func (w *world) connect(a, b int) bool {
	if a == b || w.sides[a][b].state != down || w.sides[b][a].state != down || w.cut[a][b] || w.nodes[a].paused || w.nodes[b].paused {
		return false
	}
	w.ids++
	w.sides[a][b] = side{state: up, link: w.ids, peer: w.nodes[b].id}
	w.sides[b][a] = side{state: up, link: w.ids, peer: w.nodes[a].id}
	w.queue[a][b], w.queue[b][a] = nil, nil
	w.status(a, b)
	w.status(b, a)

	return true
}

// end ends a's side of the link to b.
func (w *world) end(a, b int) {
	h, s := w.nodes[a], &w.sides[a][b]
	was := s.told && h.member
	id := s.peer
	*s = side{}
	w.queue[b][a] = nil
	view := w.view(a)
	if w.gaps && was {
		old := make([]node.ID, 0, len(h.core.members))
		for _, p := range h.core.members {
			old = append(old, p.id)
		}
		h.limp = &id
		h.core.nodeDown(id, old)

		return
	}
	if was {
		for j := range w.n {
			if j != a && w.sides[a][j].state != down && !w.sees(a, j) {
				w.status(a, j)
			}
		}
	}
	h.core.nodeDown(id, view)
}

// deliverAll lets everything that is under way arrive.
func (w *world) deliverAll() {
	for rounds := 0; ; rounds++ {
		if rounds > 1000 {
			w.failf("V: packets go round for ever")

			return
		}
		some := false
		for a := range w.n {
			h := w.nodes[a]
			if !h.paused && h.core.busy() {
				for h.core.work(100) {
				}
				some = true
				w.check()
			}
			for !h.paused && len(h.evicts) > 0 {
				w.runEvict(h)
				some = true
				w.check()
			}
			for b := range w.n {
				for w.deliver(a, b) {
					some = true
					w.check()
				}
			}
		}
		if !some || w.bad != "" {
			return
		}
	}
}
