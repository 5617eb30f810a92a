package directory

import (
	"encoding/binary"

	"github.com/parley-dm/parley/internal/node"
)

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
