package directory

// final heals everything, and checks that all is settled, that no request waits, and that each user
// has one entry for its one session.
func (w *world) final() {
	for i, h := range w.nodes {
		for j := range w.n {
			w.cut[i][j] = false
		}
		if h.limp != nil {
			w.do(action{kind: actChange, a: i})
		}
		w.do(action{kind: actWake, a: i})
	}
	for round := 0; round < 12*w.n && w.bad == ""; round++ {
		did := false
		for i := range w.n {
			for j := range w.n {
				if s := w.sides[i][j]; i != j && s.state != down && (w.sides[j][i].state == down || w.sides[j][i].link != s.link) {
					w.end(i, j)
					w.do(action{kind: actChange, a: i})
					did = true
				}
				did = w.do(action{kind: actResume, a: i, b: j}) || did
			}
		}
		for i := range w.n {
			for j := range i {
				did = w.connect(j, i) || did
			}
		}
		w.deliverAll()
		moved := false
		for k := 0; k < w.n && !moved; k++ {
			moved = w.enter((k + round) % w.n)
		}
		moved = moved || w.stepOut()
		for i := 0; i < w.n && !moved; i++ {
			moved = w.form(i)
		}
		w.deliverAll()
		w.check()
		if !did && !moved {
			break
		}
	}
	if w.bad == "" {
		w.finalCheck()
	}
}

func (w *world) finalCheck() {
	for _, h := range w.nodes {
		c := h.core
		switch {
		case !h.member:
			w.failf("L: %s is no member in the end", h.id.Name)
		case !c.settled():
			w.failf("L: %s never settles", h.id.Name)
		case len(h.seeks) > 0 || len(c.lookups) > 0:
			w.failf("L: a lookup at %s waits for ever", h.id.Name)
		case c.waiting > 0:
			w.failf("L: a request waits at %s for ever", h.id.Name)
		case len(c.claiming) > 0 || c.undecided > 0:
			w.failf("L: a claim at %s waits for ever", h.id.Name)
		case h.owed:
			w.failf("L: %s: reclaimed is never called", h.id.Name)
		case len(c.floors) > 20:
			w.failf("L: %s: floors are never forgotten", h.id.Name)
		}
	}
	for _, user := range w.users {
		want, at := 0, (*login)(nil)
		for _, h := range w.nodes {
			for _, l := range h.logins {
				if l.user == user && l.s.state == confirmed {
					want++
					at = l
				}
			}
		}
		if want > 1 {
			w.failf("L: %d sessions of %s for good", want, user)
		}
		for _, h := range w.nodes {
			owner := h.core.ownerOf(hashUser(user)) == h.core.me
			e := h.core.index[user]
			switch {
			case owner && at != nil && (e == nil || e.sid != at.sid || e.holder.id != at.at.id || e.next != nil || e.stamp != at.s.stamp):
				w.failf("L: owner %s lacks the entry of %s", h.id.Name, user)
			case e != nil && (!owner || at == nil):
				w.failf("L: %s keeps a stale entry of %s", h.id.Name, user)
			}
		}
	}
}
