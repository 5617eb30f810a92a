package core

// Links of the model: one for each two nodes. What is on a link that ends is lost, and nothing
// passes until both sides have heard of the end.

// wayOf names what goes from one node to another.
func wayOf(from, to *simNode) string { return from.id.Name + "->" + to.id.Name }

// linkOf names the link of two nodes.
func linkOf(a, b *simNode) pair { return pairOf(a.id.Name, b.id.Name) }

// linked tells whether n has a link to that life of a node, as far as it knows.
func (s *sim) linked(n *simNode, to Node) bool {
	if n.id == to {
		return true
	}
	ended := s.ended[pairOf(n.id.Name, to.Name)]

	return !n.down[to] && (ended == nil || ended[n.id.Name])
}

// carries tells whether what is sent from one node to a life of another arrives, if nothing else
// happens.
func (s *sim) carries(n *simNode, to Node) bool {
	m := s.nodes[to.Name]

	return m != nil && m.id == to && !m.dead && (n == m || s.ended[linkOf(n, m)] == nil)
}

// cut ends the link of two nodes. The first of what is on it from one to the other still arrives,
// unless the other hears of the end before.
func (s *sim) cut(from, to *simNode, arrive int) {
	k := linkOf(from, to)
	if from == to || to.dead || s.ended[k] != nil {
		return
	}
	s.ended[k] = map[string]bool{from.id.Name: true, to.id.Name: true}
	s.lives[k]++
	lost := s.lose(func(e *event) bool {
		if e.from == from && e.to == to && e.lane == "way/"+wayOf(from, to) {
			arrive--

			return arrive < 0
		}

		return e.from == from && e.to == to || e.from == to && e.to == from
	})
	s.sayf("the link of %s and %s ends, with %d on it", from.id.Name, to.id.Name, lost)
	for _, side := range [][2]*simNode{{from, to}, {to, from}} {
		n, other := side[0], side[1]
		s.post(&event{name: "hear " + n.id.Name, lane: "notice/" + n.id.Name, from: n, to: n, run: func() {
			s.sayf("%s hears that the link to %s has ended", n.id.Name, other.id.Name)
			s.lose(func(e *event) bool { return e.from == other && e.to == n })
			ended := s.ended[k]
			delete(ended, n.id.Name)
			s.nodeDown(n, other.id)
			if len(ended) == 0 {
				delete(s.ended, k) // there is a new one
			}
		}})
	}
}
