package dm

import (
	"errors"
	"slices"
	"time"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

// When a newer login takes a user over, the older session hands its channels to the newer one, and that tells the peers. All of this is
// told once and may be lost with a node: then the next message finds its way, as ever.

// keepReplaced is how long a session that was replaced, is over or never began is remembered, for what still comes to it.
const keepReplaced = 5 * time.Second

// Replaced hands the channels of a session over to the newer one of the same user, at next: being replaced is not leaving, and no peer is
// told that the user left. What the older session has not yet sent ends in ErrReliableTimeout, and it sends nothing more. Replaced returns the
// newest epoch that the session has used: the stamp of the newer one must be above it. It does not block and runs no callback of the
// application. It is to be called before the user is out of the registry and before the newer login is confirmed.
func (m *Module) Replaced(u *user.User, next node.Place) (newestEpoch uint64) {
	p := m.party(u)
	p.left = true
	p.next = next
	p.keep = m.sweep.now.Load() + int64(keepReplaced)
	for _, pr := range p.peers {
		p.handOver(pr)
	}
	newestEpoch = p.newest()
	p.end()
	p.tidyAll()
	p.unlock()
	m.follow(p.sid)

	return newestEpoch
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
	p.handed = append(p.handed, ho.channels...)
	p.steps = append(p.steps, step{call: func() { p.m.passOn(to, ho) }})
}

// orphaned tells the peers of a session that was replaced where the newer one was, because its node has just died: it may not have come
// to that itself. The party is locked.
func (p *party) orphaned(dead channel.Node) {
	if p.next.Node != dead {
		return
	}
	for _, k := range p.handed {
		l := relocation{peer: k.at.SID, old: p.sid, now: p.next, userID: p.user.ID}
		p.steps = append(p.steps, step{call: func() { p.m.tell(k.at.Node, l) }})
	}
	p.handed = nil
}

// late deals with a channel that is open although its session is over: a find was still out that has opened it, or the farewell waited behind one
// until its time was up. The party is locked.
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
func (m *Module) passOn(to channel.Node, ho handover) {
	if to == m.self {
		m.adopt(ho)

		return
	}
	err := m.parts.Nodes.Send(to, ho.append(nil))
	if err == nil {
		return
	}
	m.parts.Log.Debug("dm: a channel could not be handed over", "user", ho.userID, "node", to.Name, "error", err)
	if errors.Is(err, node.ErrNoNode) { // see orphaned: it died before we could
		for _, k := range ho.channels {
			m.tell(k.at.Node, relocation{peer: k.at.SID, old: ho.old, now: channel.Place{Node: to, SID: ho.now}, userID: ho.userID})
		}
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
	m.adopted.Compute(ho.now, func(old []handover, _ bool) ([]handover, computeOp) {
		return append(slices.Clip(old), ho), updateOp
	})
	if u := m.parts.Users.ByUID(ho.userID); u != nil && sessionOf(u) == ho.now {
		m.Joined(u)
	} else if p := m.known(ho.now); p != nil { // replaced meanwhile
		p.unlock()
		m.follow(ho.now)
	} else if _, over := m.over.Load(ho.now); over {
		m.bereave(ho.now)
	}
}

// follow adopts anew what has waited for a session.
func (m *Module) follow(sid channel.SID) {
	waited, _ := m.adopted.LoadAndDelete(sid)
	for _, ho := range waited {
		m.adopt(ho)
	}
}

// Joined gives a user that has just been added to the registry the channels of its older sessions.
func (m *Module) Joined(u *user.User) {
	if _, ok := m.adopted.Load(sessionOf(u)); !ok {
		return
	}
	p := m.party(u)
	waited, _ := m.adopted.LoadAndDelete(p.sid) // under the lock: whoever finds none waiting finds the channels in the party
	m.take(p, waited...)
}

// Abandoned is called for a session that was not welcomed after all: if nobody else has come in its place, its user has left.
func (m *Module) Abandoned(u *user.User) {
	sid := sessionOf(u)
	m.noteOver(sid)
	m.bereave(sid)
}

// noteOver notes that a session is over, or never began: what is handed over to it from now on waits for nothing.
func (m *Module) noteOver(sid channel.SID) { m.over.Store(sid, m.sweep.now.Load()) }

// bereave tells the peers in what was handed over to a session that never came, or has gone, that the user is gone.
func (m *Module) bereave(sid channel.SID) {
	waited, _ := m.adopted.LoadAndDelete(sid)
	for _, ho := range waited {
		p := m.party(user.CreateBlankUser(sid.String(), ho.userID))
		p.left = true
		m.take(p, ho)
	}
}

// take makes the channels the party's own, and tells the peers where the user is now. The party is locked, and unlocked on return.
func (m *Module) take(p *party, waited ...handover) {
	for _, ho := range waited {
		m.takeOne(p, ho)
	}
	p.tidyAll()
	p.unlock()
}

func (m *Module) takeOne(p *party, ho handover) {
	for _, k := range ho.channels {
		pr := p.peer(k.peer)
		pr.ch.After(k.newest)
		pr.ch.Adopt(k.at)
		switch {
		case !m.linked(k.at.Node):
			p.add(pr, pr.ch.NodeDown(nil, k.at.Node))
		default:
			l := relocation{peer: k.at.SID, old: ho.old, now: p.place(), userID: p.user.ID}
			p.steps = append(p.steps, step{call: func() { m.tell(k.at.Node, l) }})
			if p.left { // behind the news: from a session that it does not know the peer takes no end
				p.send(pr, newItem(channel.Leave, engineVer, cmdDisconnect, nil, nil))
			}
		}
	}
	for _, l := range ho.moves {
		if pr := p.peers[l.userID]; pr != nil {
			pr.ch.Relocate(l.old, l.now)
		}
	}
}

// linked tells whether a node is this one or has a link to it.
func (m *Module) linked(n channel.Node) bool { return n == m.self || m.parts.Nodes.Linked(n) }

// tell tells a peer's node where a user is now.
func (m *Module) tell(to channel.Node, l relocation) {
	if to == m.self {
		m.relocate(l)
	} else if err := m.parts.Nodes.Send(to, l.append(nil)); err != nil {
		m.parts.Log.Debug("dm: a peer could not be told of a move", "user", l.userID, "node", to.Name, "error", err)
	}
}

// relocate tells a user's channel where its peer is now. If the user has moved itself, that follows it; if its newer session has not been welcomed
// yet, it waits there with the channel.
func (m *Module) relocate(l relocation) {
	p := m.known(l.peer)
	if p == nil && !m.relocateLater(l) {
		p = m.known(l.peer) // it may have been welcomed just now
	}
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
		if !m.linked(l.now.Node) { // it was told by the node of the older session
			p.add(pr, pr.ch.NodeDown(nil, l.now.Node))
			p.tidy(pr)
		}
	}
	p.unlock()
}

// relocateLater keeps a relocation with the channel that waits for its session, if one does.
func (m *Module) relocateLater(l relocation) bool {
	_, waits := m.adopted.Compute(l.peer, func(old []handover, loaded bool) ([]handover, computeOp) {
		if !loaded {
			return old, cancelOp
		}
		waited := slices.Clone(old)
		last := &waited[len(waited)-1]
		last.moves = append(slices.Clip(last.moves), l)

		return waited, updateOp
	})

	return waits
}
