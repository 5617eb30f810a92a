package channel

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func (s *sim) start(name string) *simNode {
	inc := uint64(1)
	if old := s.nodes[name]; old != nil {
		inc = old.id.Incarnation + 1
	}
	n := &simNode{
		id: Node{name, inc}, down: map[Node]bool{}, broken: map[string]bool{}, full: map[string]bool{},
		lives: map[string]int{}, sess: map[SID]*session{},
	}
	s.nodes[name] = n
	for _, id := range s.past {
		n.down[id] = true // it sees only who is there
	}

	return n
}

func (s *sim) nodeNames() []string { return slices.Sorted(maps.Keys(s.nodes)) }

// crash ends a node and all that is on its way from or to it. The others hear of it later.
func (s *sim) crash(n *simNode) {
	n.dead = true
	s.past = append(s.past, n.id)
	lost := s.lose(func(e *event) bool { return e.from == n || e.to == n })
	s.sayf("%s is gone, with %d on the way", n.id.Name, lost)
	for _, x := range s.all {
		if x.node != n {
			continue
		}
		if s.dir[x.user] == x {
			delete(s.dir, x.user)
		}
		for _, l := range s.letters {
			l.orphan = l.orphan || l.from == x.user && l.finished == 0 && x.holds(l)
		}
	}
	s.all = slices.DeleteFunc(s.all, func(x *session) bool { return x.node == n })
	for _, name := range s.nodeNames() {
		if m := s.nodes[name]; !m.dead {
			m.broken[m.id.Name+">"+n.id.Name] = true // the connection breaks too, before or after the word gets round
			s.post(&event{lane: "link/" + m.id.Name, from: m, to: m, run: func() { s.pathLost(m, n.id) }})
			s.post(&event{lane: "notice/" + m.id.Name, from: m, to: m, run: func() { s.nodeDown(m, n.id) }})
		}
	}
}

func (x *session) holds(l *letter) bool {
	for _, c := range x.chans {
		for _, it := range slices.Concat(c.out.flight, c.out.queue) {
			if it.Owner == l {
				return true
			}
		}
	}

	return false
}

func (s *sim) nodeDown(m *simNode, gone Node) {
	s.sayf("%s hears that %s is gone", m.id.Name, gone.Name)
	m.down[gone] = true
	m.forgetWay(m.id.Name + ">" + gone.Name)
	for _, x := range s.all {
		for _, peer := range x.peers() {
			if x.node == m {
				s.early(x.user, peer)
				s.do(x, peer, x.chans[peer].NodeDown(nil, gone))
			}
		}
	}
}

func (m *simNode) forgetWay(way string) {
	if m.broken[way] {
		delete(m.broken, way)
		m.lives[way]++
	}
}

// cut breaks the path from one node to another. The first of what is on it still arrives; what the answers said is lost.
func (s *sim) cut(from, to *simNode, arrive int) {
	way := from.id.Name + ">" + to.id.Name
	if from.broken[way] || from == to {
		return
	}
	from.broken[way] = true
	lost := s.lose(func(e *event) bool {
		if e.lane == "way/"+way {
			arrive--

			return arrive < 0
		}

		return e.lane == "back/"+way
	})
	s.sayf("the path %s is lost, with %d on it", way, lost)
	s.post(&event{lane: "notice/" + from.id.Name, from: from, to: from, run: func() { s.pathLost(from, to.id) }})
}

func (s *sim) pathLost(n *simNode, to Node) {
	way := n.id.Name + ">" + to.Name
	if !n.broken[way] {
		return
	}
	s.sayf("%s hears that the path to %s is lost", n.id.Name, to.Name)
	n.forgetWay(way)
	for _, x := range s.all {
		for _, peer := range x.peers() {
			if x.node == n {
				s.do(x, peer, x.chans[peer].PathLost(nil, to))
			}
		}
	}
}

// state tells who has which channels.
func (s *sim) state() {
	for _, x := range s.all {
		for _, peer := range x.peers() {
			c := x.chans[peer]
			if c.Over() {
				continue
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s and %s: ", x, peer)
			switch {
			case !c.Open():
				b.WriteString("closed")
			case !c.Place().Known():
				b.WriteString("open, somewhere")
			default:
				b.WriteString("open, at " + c.Place().Node.Name)
				if y := s.dir[peer]; y == nil || y.at != c.Place() {
					b.WriteString(" (no more)")
				}
			}
			if n := c.Waiting(); n > 0 {
				fmt.Fprintf(&b, ", %d waiting", n)
			}
			if c.in.undecided > 0 {
				fmt.Fprintf(&b, ", %d with the callbacks", c.in.undecided)
			}
			s.sayf("%s", b.String())
		}
	}
}
