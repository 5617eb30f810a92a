package directory

import (
	"encoding/binary"
	"slices"

	"github.com/parley-dm/parley/internal/node"
)

type actionKind uint8

const (
	actDeliver actionKind = iota
	actWork
	actLogin
	actLogout
	actLookup
	actEvict // the callback runs
	actEnd
	actConnect
	actSuspend
	actResume
	actCrash
	actEnter
	actForm
	actPause
	actWake
	actCut
	actMend
	actDrain
	actAbandon // a claim's context ends
	actRaise   // a session's epochs go up
	actChange  // the second half of NodeDown, where it is not atomic
	actionKinds
)

var actionNames = []string{
	"deliver", "work", "login", "logout", "lookup", "evict", "end", "connect", "suspend", "resume", "crash", "enter", "form", "pause", "wake",
	"cut", "mend", "drain", "abandon", "raise", "change",
}

// action is one event: of node a, towards b, for user u.
type action struct {
	kind    actionKind
	a, b, u int
}

// do does an action, or tells that it is impossible now.
func (w *world) do(x action) bool {
	h := w.nodes[x.a]
	switch x.kind {
	case actDeliver, actWake, actConnect, actCut, actMend, actCrash, actDrain:
	default:
		if h.paused {
			return false
		}
	}
	if h.limp != nil && x.kind != actChange && x.kind != actDeliver && x.kind != actLookup {
		return false
	}
	w.time++
	before := len(w.said)
	w.sayf("%s %s %s u%d", actionNames[x.kind], h.id.Name, w.nodes[x.b].id.Name, x.u)
	if !w.act(h, x) {
		w.time--
		if w.loud {
			w.said = w.said[:before]
		}

		return false
	}
	w.check()

	return true
}

func (w *world) act(h *host, x action) bool {
	user := w.users[x.u]
	switch x.kind {
	case actDeliver:
		return w.deliver(x.a, x.b)
	case actWork:
		if !h.core.busy() {
			return false
		}
		h.core.work(1)
	case actLogin:
		return w.loginAt(h, user)
	case actLogout:
		return w.endSession(h, user, confirmed)
	case actAbandon:
		return w.endSession(h, user, claiming)
	case actRaise:
		for _, l := range h.logins {
			if l.user == user && l.confirmed && l.s.state == confirmed {
				l.epoch += 1 << (3 * (x.b + 1))

				return true
			}
		}

		return false
	case actLookup:
		return w.lookup(h, user)
	case actEvict:
		if len(h.evicts) == 0 {
			return false
		}
		w.runEvict(h)
	case actEnd:
		if x.a == x.b || w.sides[x.a][x.b].state == down || w.sides[x.b][x.a].state == up && !w.nodes[x.b].paused {
			return false // the lease: the other side has suspended the link, or stands still
		}
		w.end(x.a, x.b)
	case actConnect:
		return w.connect(x.a, x.b)
	case actSuspend:
		if x.a == x.b || w.sides[x.a][x.b].state != up {
			return false
		}
		w.sides[x.a][x.b].state = suspended
	case actResume:
		if x.a == x.b || w.sides[x.a][x.b].state != suspended || w.sides[x.b][x.a].state == down {
			return false
		}
		w.sides[x.a][x.b].state = up
		h.core.recheck()
	case actCrash:
		w.crash(h)
	case actEnter:
		return w.enter(x.a)
	case actForm:
		return w.form(x.a)
	case actPause:
		h.paused, h.woke = true, 1<<40
	case actWake:
		if !h.paused {
			return false
		}
		w.wake(h)
	case actCut, actMend:
		on := x.kind == actCut
		if x.a == x.b || w.cut[x.a][x.b] == on {
			return false
		}
		w.cut[x.a][x.b], w.cut[x.b][x.a] = on, on
	case actDrain:
		w.deliverAll()
	case actChange:
		if h.limp == nil {
			return false
		}
		h.limp = nil
		h.core.viewChanged(w.view(h.i))
	}

	return true
}

func (w *world) sid() node.SID {
	w.ids++
	var sid node.SID
	binary.BigEndian.PutUint16(sid[14:], uint16(w.ids))

	return sid
}

func (w *world) loginAt(h *host, user string) bool {
	if !h.member {
		return false
	}
	l := &login{user: user, sid: w.sid(), at: h, began: w.time, mutual: []node.ID{h.id}}
	for j := range w.n {
		if w.mutual(h.i, j) {
			l.mutual = append(l.mutual, w.nodes[j].id)
		}
	}
	w.sayf("      session %s", short(l.sid))
	h.logins = append(h.logins, l)
	// The login is in the list before effects can name it; the session is known after.
	l.s = &session{}
	l.s = h.core.claim(user, l.sid, h.now(), &call{})
	h.core.finish()

	return true
}

func (w *world) endSession(h *host, user string, state sessionState) bool {
	for _, l := range h.logins {
		s := l.s
		if l.user != user || s.state != state && (state != claiming || s.state != blocked) || state == claiming && s.again {
			continue
		}
		epoch := node.Stamp(0)
		if state == confirmed {
			epoch = node.Stamp(l.epoch)
			h.over(l)
		}
		h.core.release(s, epoch, ErrReleased)
		h.core.finish()

		return true
	}

	return false
}

func (w *world) lookup(h *host, user string) bool {
	if !h.member || len(h.seeks) > 2 {
		return false
	}
	w.ids++
	q := &seek{user: user}
	for j, o := range w.nodes {
		if j != h.i && !w.knows(h.i, j) {
			continue
		}
		for _, l := range o.logins {
			if l.user == user && l.confirmed && l.s.state == confirmed && l.s.life == o.core.life {
				q.must, q.link = append(q.must, l), append(q.link, w.sides[h.i][j].link)
			}
		}
	}
	h.seeks[uint64(w.ids)] = q
	w.sayf("      lookup %d", w.ids)
	h.core.lookup(user, uint64(w.ids))

	return true
}

func (w *world) runEvict(h *host) {
	c := h.evicts[0]
	h.evicts = h.evicts[1:]
	epoch := uint64(0)
	if l := h.login(c.session.sid); l != nil {
		epoch = l.epoch
		h.over(l)
	}
	h.core.evicted(c.session, node.Stamp(epoch))
	h.core.finish()
}

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

// watch remembers what epochs an owner has been told, and checks the confirmations that arrive
// against them.
func (w *world) watch(to *host, packet []byte) {
	var m message
	k := kind(packet[0])
	for rest := packet[1:]; len(rest) > 0; {
		after, err := m.decode(k, rest)
		if err != nil {
			return
		}
		rest = after
		if k == kindEvicted || k == kindUnregister {
			to.floors[string([]byte(m.user))] = max(to.floors[m.user], uint64(m.stamp))
		}
	}
}

// met remembers which sessions are evicted since halves of the cluster have met.
func (h *host) met(packet []byte, to *peer) {
	var m message
	if _, err := m.decode(kindEvict, packet[1:]); err != nil {
		return
	}
	if e := h.core.entryOf(m.user, to); e != nil && e.eviction == byConflict {
		h.w.halves[m.sid] = true
	}
}

// raised checks that a confirmation is above the epochs that its owner has been told.
func (h *host) raised(packet []byte) {
	var m message
	if _, err := m.decode(kindConfirm, packet[1:]); err != nil {
		return
	}
	for _, o := range h.w.nodes {
		if l := o.login(m.sid); l != nil && !l.s.again && uint64(m.stamp) <= h.floors[m.user] {
			h.w.failf("E: session %s of %s gets stamp %d, an older one used epoch %d", short(m.sid), m.user, m.stamp, h.floors[m.user])
		}
	}
}

func (w *world) describe(b int, from node.ID, packet []byte) {
	if !w.loud {
		return
	}
	var m message
	for rest, err := packet[1:], error(nil); len(rest) > 0 && err == nil; {
		rest, err = m.decode(kind(packet[0]), rest)
		w.sayf("      %s -> %s: %s", from.Name, w.nodes[b].id.Name, m.text())
	}
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
