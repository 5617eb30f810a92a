package directory

import (
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

func short(sid node.SID) string { return fmt.Sprintf("s%d", int(sid[15])|int(sid[14])<<8) }

func (w *world) place(p node.Place) string { return p.Node.Name + "/" + short(p.SID) }
