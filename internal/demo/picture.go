package demo

import (
	"slices"

	"github.com/parley-dm/parley/internal/demopage"
)

// publish gives the present state to the pages.
func (c *cluster) publish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.publishLocked()
}

// publishLocked is publish for callers that hold mu.
func (c *cluster) publishLocked() {
	s := demopage.State{Mode: demopage.ModeCluster, Links: [][2]string{}, Join: c.join}
	for i, n := range c.nodes {
		users := make([]demopage.User, len(n.users.List))
		for j, u := range n.users.List {
			if w := c.wires.find(u.Addr); w != nil {
				u.Stalled = w.stalled()
			}
			u.Addr = ""
			users[j] = u
		}
		s.Nodes = append(s.Nodes, demopage.Node{Name: n.name, State: n.state, WebSocket: wsPath(n.name), Users: users, More: n.users.More})
		for _, m := range c.nodes[:i] {
			if slices.Contains(n.view, m.name) && slices.Contains(m.view, n.name) {
				s.Links = append(s.Links, [2]string{m.name, n.name})
			}
		}
	}
	c.addVisitors(&s)
	c.feed.SetState(&s)
}

// addVisitors adds the nodes that others have started and that are members. The demo knows their
// names only.
func (c *cluster) addVisitors(s *demopage.State) {
	var visitors []string
	for _, n := range c.nodes {
		for _, name := range n.view {
			if _, err := c.find(name); err == nil {
				continue
			}
			s.Links = append(s.Links, [2]string{n.name, name})
			if !slices.Contains(visitors, name) {
				visitors = append(visitors, name)
			}
		}
	}
	slices.Sort(visitors)
	for _, name := range visitors {
		s.Nodes = append(s.Nodes, demopage.Node{Name: name, State: demopage.Up, Users: []demopage.User{}, Visitor: true})
	}
}
