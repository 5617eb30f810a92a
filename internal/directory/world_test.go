package directory

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parley-dm/parley/internal/node"
)

// world is a cluster of real cores, without time: links are queues of packets, ends of links are
// seen by one side first, clocks are skewed. Each action of a history is one event of one node;
// after it the promises are checked. It follows the model in which the rules were found.
type world struct {
	n      int
	rules  rules
	nodes  []*host
	sides  [][]side     // sides[a][b]: a's end of the link between a and b
	queue  [][][]parcel // queue[a][b]: from a to b
	cut    [][]bool
	users  []string
	time   int
	ids    int
	ages   int
	halves map[node.SID]bool // sessions evicted since halves of the cluster have met
	bad    string
	said   []string // what happened, if loud
	loud   bool
	gaps   bool // NodeDown and the view change are two events: what the atomic event forbids
}

type sideState uint8

const (
	down sideState = iota
	up
	suspended
)

type side struct {
	state sideState
	link  int     // number of the link
	peer  node.ID // at its other end
	told  bool    // the peer is a member
	list  []node.ID
}

// parcel is a packet, or a status that package cluster sends on the same link.
type parcel struct {
	packet []byte
	member bool
	list   []node.ID
}

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

func newWorld(n int, r rules, skews []int, mesh, late bool) *world {
	w := &world{n: n, rules: r, users: []string{"ann", "bob"}, halves: make(map[node.SID]bool)}
	w.sides, w.queue, w.cut = make([][]side, n), make([][][]parcel, n), make([][]bool, n)
	for i := range n {
		w.sides[i], w.queue[i], w.cut[i] = make([]side, n), make([][]parcel, n), make([]bool, n)
		h := &host{w: w, i: i}
		if i < len(skews) {
			h.skew = skews[i]
		}
		w.nodes = append(w.nodes, h)
		w.restart(h)
	}
	if mesh {
		if late {
			n--
		}
		for i := range n {
			for j := range i {
				w.connect(j, i)
			}
		}
		for i, h := range w.nodes[:n] {
			h.member = true
			for j := range n {
				w.sides[i][j].told = i != j
				w.queue[i][j] = nil
			}
		}
		for i, h := range w.nodes[:n] {
			h.core.viewChanged(w.view(i))
			for j := range n {
				w.sides[i][j].list = w.view(i)
			}
		}
		w.deliverAll()
	}

	return w
}

func (w *world) restart(h *host) {
	w.ids++
	w.ages++
	h.id = node.ID{Name: string(rune('a' + h.i)), Incarnation: mix(uint64(h.i)*7919+uint64(w.ids))>>1 + 1}
	h.core = newCore(h.id, h, 1000, 1000)
	h.core.rules = w.rules
	h.member, h.age, h.paused, h.limp = false, w.ages, false, nil
	h.logins, h.evicts, h.owed = nil, nil, false
	h.floors, h.seeks = make(map[string]uint64), make(map[uint64]*seek)
}

func (w *world) sayf(format string, args ...any) {
	if w.loud {
		w.said = append(w.said, fmt.Sprintf(format, args...))
	}
}

func (w *world) failf(format string, args ...any) {
	if w.bad == "" {
		w.bad = fmt.Sprintf(format, args...)
	}
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

func (w *world) view(a int) []node.ID {
	h := w.nodes[a]
	if !h.member {
		return nil
	}
	view := []node.ID{h.id}
	for b := range w.n {
		if w.sees(a, b) {
			view = append(view, w.sides[a][b].peer)
		}
	}
	slices.SortFunc(view, node.ID.Compare)

	return view
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

func short(sid node.SID) string { return fmt.Sprintf("s%d", int(sid[15])|int(sid[14])<<8) }

func (w *world) place(p node.Place) string { return p.Node.Name + "/" + short(p.SID) }

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
	for r := c.requests.first; r != nil; r = r.next {
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
