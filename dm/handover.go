package dm

import (
	"time"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/mesh"
	"github.com/parley-dm/parley/user"
)

// When a newer login takes a user over, the older session hands its channels to the newer one, and that tells the peers. All of this is
// told once and may be lost with a node: then the next message finds its way, as ever.

// keepReplaced is how long a session that was replaced is remembered, for what still comes to it.
const keepReplaced = 5 * time.Second

// Replaced hands the channels of a session over to the newer one of the same user, at next: being replaced is not leaving, and no peer is
// told that anybody left. What the older session has not yet sent ends in ErrReliableTimeout. It does not block and runs no callback of the
// application. It is to be called before the user is out of the registry and before the newer login is confirmed.
func (m *Module) Replaced(u *user.User, next dive.Place) {
	p := m.party(u)
	p.left = true
	p.next = channel.Place{Node: channel.Node(next.Node), SID: sidOf(next.SID)}
	p.keep = m.sweep.now.Load() + int64(keepReplaced)
	for _, pr := range p.peers {
		p.handOver(pr)
	}
	p.tidyAll()
	p.unlock()
}

// handOver gives one channel to the newer session, if it is open. The party is locked.
func (p *party) handOver(pr *peer) {
	var buf [4]channel.Action
	acts, at, open := pr.ch.Retire(buf[:0])
	p.add(pr, acts)
	if !open || pr.id == p.user.ID {
		return
	}
	ho := handover{userID: p.user.ID, old: p.sid, now: p.next.SID, channels: []kept{{pr.id, at, pr.ch.Newest()}}}
	to := p.next.Node
	p.steps = append(p.steps, step{call: func() { p.m.passOn(to, ho) }})
}

// late deals with a channel that has opened after its session was over: a find was still out. The party is locked.
func (p *party) late(pr *peer) {
	switch {
	case !p.left || !pr.ch.Open():
	case p.next.Known():
		p.handOver(pr)
	case pr.ch.Waiting() == 0:
		p.send(pr, newItem(channel.Leave, engineVer, cmdDisconnect, nil, nil))
	}
}

// passOn carries a handover to the node of the newer session.
func (m *Module) passOn(node channel.Node, ho handover) {
	if node == m.self {
		m.adopt(ho)
	} else if err := m.parts.Mesh.Send(mesh.NodeID(node), mesh.PortDM, ho.append(nil)); err != nil {
		m.parts.Log.Debug("dm: a channel could not be handed over", "user", ho.userID, "node", node.Name, "error", err)
	}
}

// adopt takes over the channels of an older session. The newer one may not have been welcomed yet: then they wait for it; or it
// may have been replaced in turn: then they follow.
func (m *Module) adopt(ho handover) {
	if p := m.known(ho.now); p != nil {
		if next := p.next; next.Known() {
			p.unlock()
			ho.now = next.SID
			m.passOn(next.Node, ho)

			return
		}
		m.take(p, ho)

		return
	}
	ho.came = m.sweep.now.Load()
	m.adopted.Compute(ho.now, func(old handover, loaded bool) (handover, computeOp) {
		if loaded {
			ho.channels = append(old.channels, ho.channels...)
		}

		return ho, updateOp
	})
	if u := m.parts.Users.ByUID(ho.userID); u != nil && sidOf(u.SID) == ho.now {
		m.Joined(u)
	}
}

// Joined gives a user that has just been added to the registry the channels of its older session.
func (m *Module) Joined(u *user.User) {
	if ho, ok := m.adopted.LoadAndDelete(sidOf(u.SID)); ok {
		m.take(m.party(u), ho)
	}
}

// Abandoned forgets what was handed over to a session that was not welcomed after all.
func (m *Module) Abandoned(u *user.User) { m.adopted.Delete(sidOf(u.SID)) }

// take makes the channels the party's own, and tells the peers where the user is now. The party is locked, and unlocked on return.
func (m *Module) take(p *party, ho handover) {
	for _, k := range ho.channels {
		pr := p.peer(k.peer)
		pr.ch.After(k.newest)
		pr.ch.Adopt(k.at)
		switch {
		case p.left:
			p.send(pr, newItem(channel.Leave, engineVer, cmdDisconnect, nil, nil))
		case !m.alive(k.at.Node):
			p.add(pr, pr.ch.NodeDown(nil, k.at.Node))
		default:
			l := relocation{peer: k.at.SID, old: ho.old, now: p.place(), userID: p.user.ID}
			p.steps = append(p.steps, step{call: func() { m.tell(k.at.Node, l) }})
		}
	}
	p.tidyAll()
	p.unlock()
}

// alive tells whether a node is this one or a member.
func (m *Module) alive(node channel.Node) bool {
	if node == m.self {
		return true
	}
	for _, n := range m.parts.Mesh.Nodes() {
		if n.Incarnation == node.Incarnation {
			return true
		}
	}

	return false
}

// tell tells a peer's node where a user is now.
func (m *Module) tell(node channel.Node, l relocation) {
	if node == m.self {
		m.relocate(l)
	} else if err := m.parts.Mesh.Send(mesh.NodeID(node), mesh.PortDM, l.append(nil)); err != nil {
		m.parts.Log.Debug("dm: a peer could not be told of a move", "user", l.userID, "node", node.Name, "error", err)
	}
}

// relocate tells a user's channel where its peer is now. If the user has moved itself, that follows it.
func (m *Module) relocate(l relocation) {
	p := m.known(l.peer)
	if p == nil {
		return
	}
	if next := p.next; next.Known() {
		p.unlock()
		l.peer = next.SID
		m.tell(next.Node, l)

		return
	}
	if pr := p.peers[l.userID]; pr != nil {
		pr.ch.Relocate(l.old, l.now)
	}
	p.unlock()
}
