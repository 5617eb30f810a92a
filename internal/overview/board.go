package overview

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Round is what the members of a cluster have answered one of them.
type Round struct {
	At      time.Time
	By      string   // the node that has asked
	Answers []Answer // one for each member, By included
}

// Answer is what one member has answered.
type Answer struct {
	ID    string
	Node  *Node  // nil: it has not answered
	Older bool   // it has another version, and Node only what all versions tell
	Fault string // why there is no answer
}

// Board makes pictures out of rounds. The zero value knows nothing of earlier rounds.
type Board struct {
	timeline

	nodes map[string]*memory
}

// memory is what a board knows of a node from earlier rounds.
type memory struct {
	last  *Node   // its newest answer
	past  []*Node // earlier ones, pastEach apart; the first is the one that the window begins with
	heard time.Time
	state State
	since time.Time
}

const (
	window   = time.Minute
	pastEach = 5 * time.Second
	maxLinks = 600
)

// After is the number of the newest view that a node has told of: see Node.Views.
func (b *Board) After(id string) uint64 { return b.told[id] }

// Update takes a round, and returns the picture of the cluster.
func (b *Board) Update(r Round) *Picture {
	if b.nodes == nil {
		b.nodes = make(map[string]*memory)
	}
	p := &Picture{At: r.At.UTC(), By: r.By, Members: len(r.Answers)}
	members := make(map[string]bool, len(r.Answers))
	links := []LinkPicture{}
	for _, a := range r.Answers {
		members[a.ID] = true
		n := b.member(r.At, a)
		p.Nodes = append(p.Nodes, n)
		if a.Node == nil {
			continue
		}
		for _, users := range n.Users {
			p.Users += users
		}
		if a.Older {
			continue
		}
		p.Answering++
		p.add(&n.Figures)
		for _, l := range a.Node.Links {
			links = append(links, LinkPicture{a.ID, l.To, l.Suspended, l.Queued, micros(l.RoundTrip)})
		}
	}
	kept := maps.Clone(members)
	for _, c := range b.departed(members, r.At) {
		kept[c.Node] = true
		p.Nodes = append(p.Nodes, b.gone(c))
	}
	b.forget(kept)
	maps.DeleteFunc(b.nodes, func(id string, _ *memory) bool { return !kept[id] })
	slices.SortFunc(p.Nodes, func(x, y NodePicture) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.ID, y.ID))
	})
	p.Links, p.LeftOff = worstLinks(links)
	p.Changes = append(make([]Change, 0, len(b.changes)), b.changes...)
	slices.Reverse(p.Changes)

	return p
}

// member takes what a member has answered.
func (b *Board) member(now time.Time, a Answer) NodePicture {
	m := b.nodes[a.ID]
	if m == nil {
		m = &memory{}
		b.nodes[a.ID] = m
	}
	before := m.last
	if a.Node != nil {
		b.tell(a.ID, a.Node.Views)
		m.heard = now
		m.take(a.Node)
	}
	state, reason := stateOf(a)
	if state != m.state {
		m.state, m.since = state, now
		if state == Silent && !m.heard.IsZero() {
			m.since = m.heard
		}
	}
	n := m.picture(a.ID)
	n.State, n.Reason = state, reason
	if state != Ready {
		n.Since = pointer(m.since)
	}
	if a.Node != nil && !a.Older {
		n.Figures = figures(m.past[0], before, a.Node)
	}

	return n
}

func stateOf(a Answer) (state State, reason string) {
	switch {
	case a.Node == nil:
		return Silent, a.Fault
	case a.Older:
		return Other, a.Fault
	case !a.Node.Ready:
		return NotReady, a.Node.Reason
	}

	return Ready, ""
}

// take keeps an answer for later rounds.
func (m *memory) take(n *Node) {
	m.last = n
	if last := len(m.past) - 1; last >= 0 && n.Age-m.past[last].Age < pastEach {
		return
	}
	m.past = append(m.past, n)
	for len(m.past) > 1 && n.Age-m.past[1].Age >= window {
		m.past = m.past[1:]
	}
}

// picture is what is known of a node without rates and percentiles.
func (m *memory) picture(id string) NodePicture {
	n := NodePicture{ID: id, Name: nameOf(id)}
	if l := m.last; l != nil {
		n.Started, n.Users, n.Members, n.Settled = pointer(l.Started), l.Users, l.Members, l.Settled
		n.QueueBytes, n.QueueLimit, n.Total, n.Heard = l.QueueBytes, l.QueueLimit, l.Counters, pointer(m.heard)
	}

	return n
}

// gone describes a node that has left.
func (b *Board) gone(c Change) NodePicture {
	m := b.nodes[c.Node]
	if m == nil {
		m = &memory{}
	}
	n := m.picture(c.Node)
	n.State, n.Reason, n.Since = Gone, c.Why, pointer(c.At)

	return n
}

// worstLinks lists the links, and leaves off those beyond the bound: suspended ones come first,
// then those with the longest queue and the longest round trip.
func worstLinks(links []LinkPicture) (worst []LinkPicture, leftOff int) {
	suspended := func(l LinkPicture) int {
		if l.Suspended {
			return 0
		}

		return 1
	}
	if len(links) > maxLinks {
		slices.SortStableFunc(links, func(a, b LinkPicture) int {
			return cmp.Or(cmp.Compare(suspended(a), suspended(b)), cmp.Compare(b.Queued, a.Queued), cmp.Compare(b.RoundTrip, a.RoundTrip))
		})
		links, leftOff = links[:maxLinks], len(links)-maxLinks
	}
	slices.SortFunc(links, func(a, b LinkPicture) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})

	return links, leftOff
}

func pointer(t time.Time) *time.Time {
	t = t.UTC()

	return &t
}
