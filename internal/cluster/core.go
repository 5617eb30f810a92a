package cluster

import (
	"cmp"
	"slices"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// core is the state machine of membership: events in, actions out. It has no I/O, no goroutine and
// no clock; its owner passes the time and carries the actions out in order.
//
//	looking ──▶ member ──▶ leaving ──▶ looking
//	   ▲           │ paused
//	   └───────────┘
//
// A node that is looking is in no view. It becomes a member in one of two ways: it enters when it
// has a link to every member that any of them names; it founds the cluster when there is no member
// at all and it is the oldest of those that look. A member leaves when views would overlap for good
// (stepsOut).
type core struct {
	self  node.ID
	state state
	since uint64 // when this node began to look, in milliseconds since 1970: the smaller, the older

	peers map[node.ID]*peer // those to which a link stands

	found      bool             // every address to join has answered, and every node introduced is linked
	lookUntil  time.Time        // from then on missing addresses are waited for no longer
	notBefore  time.Time        // it does not enter again before
	rejoin     time.Duration    // the next pause after stepping out
	missing    map[node.ID]miss // members that another one sees and this node does not
	memberAt   time.Time        // when it became a member
	conflicted map[node.ID]bool // nodes of this node's name that were reported
	yielded    bool             // to a node of this node's name: it never becomes a member again
	dead       map[node.ID]bool // nodes whose process is gone: whatever others still say, they do not return
	silent     map[node.ID]bool // nodes whose link is suspended: what they said last may be outdated. Set by the owner
}

// state is how far a node is.
type state uint8

const (
	looking state = iota
	member
	leaving // it ends its sessions, then its links
)

// peer is a node to which a link stands.
type peer struct {
	known   bool // its status has come
	status  status
	entered bool // in the view of this node
	ahead   bool // the directory has been allowed to enter
}

// miss is a member that this node has no link to although another member has.
type miss struct {
	from  time.Time
	total int  // members in the longest list that names it
	older bool // than this node
}

// status is a node's own state, sent to every linked node whenever it changes.
type status struct {
	state   state
	since   uint64
	members []memberInfo // its view, itself included; empty unless it is a member
}

// memberInfo is a member in a status.
type memberInfo struct {
	id      node.ID
	since   uint64
	leaving bool
}

// action is something that the core wants done.
type action struct {
	do   do
	node node.ID
	view []node.ID // of viewChanged and down; sorted
}

type do uint8

const (
	tell        do = iota + 1 // send the status to node
	ahead                     // node looks for the cluster: what it will own is registered with it ahead
	viewChanged               // the view is now view; empty: this node is not a member
	down                      // the link to node has ended, and the view is now view
	stepOut                   // end all sessions, then all links, then call steppedOut
	yield                     // node has this node's name and stands: this node gives up
	conflict                  // node has this node's name and gives up: to be logged
)

const (
	// lookTime bounds how long a node looks for the addresses it was told to join.
	lookTime = 5 * time.Second
	// linkGrace is how long two members may be without a link that a third one has to both. Then a
	// node goes that misses more than half of what the third one sees.
	linkGrace = 500 * time.Millisecond
	// youngerGrace is when the younger of the two goes, unless the other one is going by then.
	youngerGrace = linkGrace + 250*time.Millisecond
	// firstRejoin is the pause after stepping out, doubled each time up to maxRejoin.
	firstRejoin = time.Second
	maxRejoin   = time.Minute
	// maxDead bounds how many nodes are remembered that are gone.
	maxDead = 1024
	// steady is how long a member must have stood for the pause to start anew.
	steady = 5 * time.Minute
)

func newCore(self node.ID, now time.Time) *core {
	return &core{
		self: self, since: uint64(now.UnixMilli()), lookUntil: now.Add(lookTime), rejoin: firstRejoin,
		peers: make(map[node.ID]*peer), missing: make(map[node.ID]miss), conflicted: make(map[node.ID]bool), dead: make(map[node.ID]bool),
	}
}

// linked is called when a link stands.
func (c *core) linked(acts []action, n node.ID) []action {
	c.peers[n] = &peer{}
	delete(c.dead, n)

	return append(acts, action{do: tell, node: n})
}

// unlinked is called when a link has ended. Gone: with the process of the node.
func (c *core) unlinked(acts []action, n node.ID, gone bool, now time.Time) []action {
	p := c.peers[n]
	if p == nil {
		return acts
	}
	delete(c.peers, n)
	if gone {
		if len(c.dead) >= maxDead {
			clear(c.dead)
		}
		c.dead[n] = true
	}
	acts = append(acts, action{do: down, node: n, view: c.view()})
	if p.entered {
		acts = c.tellAll(acts)
	}

	return c.step(acts, now)
}

// heard is called for a status.
func (c *core) heard(acts []action, n node.ID, s status, now time.Time) []action {
	p := c.peers[n]
	if p == nil {
		return acts
	}
	leaves := p.entered && p.status.state == member && s.state == leaving
	p.known, p.status = true, s
	if n.Name == c.self.Name {
		return c.clash(acts, n, s)
	}
	if c.state != looking {
		acts = c.admit(c.announceAhead(acts))
	}
	if leaves { // a member that misses it need not go, too
		acts = c.tellAll(acts)
	}

	return c.step(acts, now)
}

// clash decides which of two nodes of one name gives up: one that is not a member, else the
// younger.
func (c *core) clash(acts []action, n node.ID, s status) []action {
	if c.conflicted[n] {
		return acts
	}
	c.conflicted[n] = true
	mine, theirs := c.state != looking, s.state != looking
	loses := !mine && theirs
	if mine == theirs {
		loses = older(s.since, n, c.since, c.self)
	}
	if loses {
		c.yielded = true

		return append(acts, action{do: yield, node: n})
	}

	return append(acts, action{do: conflict, node: n})
}

// announceAhead names the linked nodes that look for the cluster, once each. It is called while
// this node is a member.
func (c *core) announceAhead(acts []action) []action {
	for _, n := range c.linkedNodes() {
		if p := c.peers[n]; p.known && p.status.state == looking && !p.ahead {
			p.ahead = true
			acts = append(acts, action{do: ahead, node: n})
		}
	}

	return acts
}

// admit takes linked members into the view. It is called while this node is a member.
func (c *core) admit(acts []action) []action {
	changed := false
	for _, p := range c.peers {
		if in := p.known && p.status.state != looking; in != p.entered {
			p.entered, changed = in, true
		}
	}
	if !changed {
		return acts
	}

	return c.tellAll(append(acts, action{do: viewChanged, view: c.view()}))
}

// introduced records whether every address has answered and every node introduced is linked.
func (c *core) introduced(acts []action, all bool, now time.Time) []action {
	c.found = all

	return c.step(acts, now)
}

// tick is called every now and then.
func (c *core) tick(acts []action, now time.Time) []action { return c.step(acts, now) }

// step does what has become due.
func (c *core) step(acts []action, now time.Time) []action {
	switch c.state {
	case looking:
		if c.yielded || now.Before(c.notBefore) || !c.mayEnter() && !c.mayFound(now) {
			return acts
		}
		c.state, c.memberAt = member, now
		for _, p := range c.peers {
			p.entered = p.status.state != looking
		}

		return c.tellAll(c.announceAhead(append(acts, action{do: viewChanged, view: c.view()})))
	case member:
		c.look(now)
		if c.stepsOut(now) {
			c.state = leaving

			return append(c.tellAll(acts), action{do: stepOut})
		}
	case leaving:
	}

	return acts
}

// tellAll sends the status to every node that has a link.
func (c *core) tellAll(acts []action) []action {
	for _, n := range c.linkedNodes() {
		acts = append(acts, action{do: tell, node: n})
	}

	return acts
}

// linkedNodes lists the nodes that have a link, in order, so that scripts have one outcome.
func (c *core) linkedNodes() []node.ID {
	all := make([]node.ID, 0, len(c.peers))
	for n := range c.peers {
		all = append(all, n)
	}
	slices.SortFunc(all, node.ID.Compare)

	return all
}

// view is the sorted set of members, itself included; nil unless this node is a member.
func (c *core) view() []node.ID {
	if c.state == looking {
		return nil
	}
	view := []node.ID{c.self}
	for n, p := range c.peers {
		if p.entered {
			view = append(view, n)
		}
	}
	slices.SortFunc(view, node.ID.Compare)

	return view
}

// status returns this node's own state.
func (c *core) status() status {
	s := status{state: c.state, since: c.since}
	for _, n := range c.view() {
		m := memberInfo{id: n, since: c.since, leaving: c.state == leaving}
		if p := c.peers[n]; p != nil {
			m.since, m.leaving = p.status.since, p.status.state == leaving
		}
		s.members = append(s.members, m)
	}

	return s
}

// older tells whether node n, looking since then, is older than node m.
func older(since uint64, n node.ID, than uint64, m node.ID) bool {
	return cmp.Or(cmp.Compare(since, than), n.Compare(m)) < 0
}
