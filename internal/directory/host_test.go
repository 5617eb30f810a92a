package directory

import (
	"errors"
	"slices"

	"github.com/parley-dm/parley/internal/node"
)

// host is a node.
type host struct {
	w      *world
	i      int
	id     node.ID
	core   *core
	member bool
	age    int
	paused bool
	woke   int // when it last woke
	skew   int
	hlc    uint64
	logins []*login          // of this life that are not over
	evicts []*callback       // effects.evict that have not been run
	floors map[string]uint64 // newest epochs that this owner has been told
	seeks  map[uint64]*seek  // lookups out
	owed   bool              // effects.reclaimed is due
	limp   *node.ID          // the link to it has ended, the view has not changed yet: without the atomic event
}

// The effects of a core.

func (h *host) send(to *peer, packet []byte) {
	switch kind(packet[0]) {
	case kindConfirm:
		h.raised(packet)
	case kindEvict:
		h.met(packet, to)
	default:
	}
	for j := range h.w.n {
		if s := &h.w.sides[h.i][j]; s.state != down && s.peer == to.id {
			h.w.queue[h.i][j] = append(h.w.queue[h.i][j], parcel{packet: slices.Clone(packet)})
		}
	}
}

func (h *host) leased() bool {
	for j := range h.w.n {
		if h.w.sides[h.i][j].state == suspended {
			return false
		}
	}

	return true
}

func (h *host) wall() uint64 { return uint64(h.w.time+h.skew) * perTick }

const (
	perTick  = 16  // stamps
	maxAhead = 400 // stamps: jumps beyond are not followed
)

func (h *host) now() node.Stamp {
	h.hlc = max(h.hlc+1, h.wall())

	return node.Stamp(h.hlc)
}

func (h *host) observe(s node.Stamp) {
	if uint64(s) <= h.wall()+maxAhead {
		h.hlc = max(h.hlc, uint64(s))
	}
}

func (h *host) evict(s *session, next node.Place) {
	h.w.sayf("      %s: evict %s %s, next %s", h.id.Name, s.user, short(s.sid), h.w.place(next))
	if e := h.core.entryOf(s.user, h.core.me); e != nil && e.sid == s.sid && e.eviction == byConflict {
		h.w.halves[s.sid] = true
	}
	if l := h.login(s.sid); l != nil {
		h.w.lost(l, next)
	}
	h.evicts = append(h.evicts, &callback{session: s, place: next})
}

func (h *host) decided(s *session, err error) {
	h.w.sayf("      %s: claim of %s %s: %v, stamp %d", h.id.Name, s.user, short(s.sid), err, s.stamp)
	l := h.login(s.sid)
	if replaced, ok := errors.AsType[*ReplacedError](err); ok {
		h.w.lost(l, replaced.Next)
	}
	if err != nil {
		h.over(l)
	}
}

func (h *host) located(token uint64, at node.Place) {
	h.w.sayf("      %s: lookup %d: %s", h.id.Name, token, h.w.place(at))
	delete(h.seeks, token)
}

func (h *host) lookupFailed(token uint64) { h.w.failf("F: lookup %d failed", token) }

func (h *host) reclaimed() {
	h.w.sayf("      %s: reclaimed", h.id.Name)
	if !h.owed {
		h.w.failf("R: %s: reclaimed twice, or without a pause", h.id.Name)
	}
	h.owed = false
	for _, l := range h.logins {
		if l.confirmed && l.s.state == claiming {
			h.w.failf("R: %s: reclaimed while %s %s is undecided", h.id.Name, l.user, short(l.sid))
		}
	}
}

// notFound checks that no session of the user stands that stood, on a linked member, when the
// lookup began.
func (h *host) notFound(token uint64) {
	h.w.sayf("      %s: lookup %d: not found", h.id.Name, token)
	q := h.seeks[token]
	delete(h.seeks, token)
	if q == nil {
		return
	}
	for k, l := range q.must {
		if !l.confirmed || l.over || l.s.state != confirmed || l.s.life != l.at.core.life {
			continue
		}
		if l.at == h || h.w.knows(h.i, l.at.i) && h.w.sides[h.i][l.at.i].link == q.link[k] {
			h.w.failf("B: %s is told that %s is not found; its session %s is at %s", h.id.Name, q.user, short(l.sid), l.at.id.Name)
		}
	}
}

func (h *host) login(sid node.SID) *login {
	for _, l := range h.logins {
		if l.sid == sid {
			return l
		}
	}

	return nil
}

func (h *host) over(l *login) {
	if l == nil {
		return
	}
	l.over = true
	h.logins = slices.DeleteFunc(h.logins, func(x *login) bool { return x == l })
}

// login is one session.
type login struct {
	user      string
	sid       node.SID
	at        *host
	s         *session
	stamp     node.Stamp
	epoch     uint64
	confirmed bool
	began     int
	done      int // when it was first confirmed
	life      uint32
	mutual    []node.ID
	over      bool
}

// seek is one lookup, and the sessions that it must not miss.
type seek struct {
	user string
	must []*login
	link []int
}
