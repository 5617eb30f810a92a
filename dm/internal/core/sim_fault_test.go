package core

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
		id: Node{Name: name, Incarnation: inc}, down: map[Node]bool{}, full: map[string]bool{}, sess: map[SID]*session{},
	}
	s.nodes[name] = n
	for _, id := range s.past {
		n.down[id] = true // it sees only living nodes
	}

	return n
}

func (s *sim) nodeNames() []string { return slices.Sorted(maps.Keys(s.nodes)) }

// crash ends a node and all that is on its way from or to it. The others hear of it later.
func (s *sim) crash(n *simNode) {
	n.dead = true
	for k := range s.ended {
		if k.a == n.id.Name || k.b == n.id.Name {
			delete(s.ended, k)
		}
	}
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
	for name, x := range s.blanks {
		if x.node == n {
			delete(s.blanks, name)
		}
	}
	for _, name := range s.nodeNames() {
		if m := s.nodes[name]; !m.dead {
			s.post(&event{name: "hear " + m.id.Name, lane: "notice/" + m.id.Name, from: m, to: m, run: func() {
				s.sayf("%s hears that %s is gone", m.id.Name, n.id.Name)
				m.down[n.id] = true
				s.nodeDown(m, n.id)
			}})
		}
	}
}

func (x *session) holds(l *letter) bool {
	for _, c := range x.core.Conversations() {
		for _, it := range slices.Concat(c.out.inflight, c.out.queue) {
			if it.Owner == l {
				return true
			}
		}
	}

	return false
}

// nodeDown tells the sessions of a node that its link to another has ended.
func (s *sim) nodeDown(m *simNode, gone Node) {
	for _, x := range s.all {
		if x.node != m {
			continue
		}
		for _, peer := range x.peers() {
			s.early(x.user, peer)
		}
		s.do(x, x.core.NodeDown(nil, s.now, gone), nil)
	}
}

// state prints the channels of each session.
func (s *sim) state() {
	for _, x := range s.all {
		for _, peer := range x.peers() {
			c := x.with(peer)
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
			for _, l := range c.overdue {
				fmt.Fprintf(&b, ", %d overdue", l.to-l.from)
			}
			if c.in.undecided > 0 {
				fmt.Fprintf(&b, ", %d with the callbacks", c.in.undecided)
			}
			s.sayf("%s", b.String())
		}
	}
}
