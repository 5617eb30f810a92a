package dm

import (
	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/mesh"
	"github.com/parley-dm/parley/user"
)

// ClearCacheByUserID ends the channel with the user yourUserID, on both sides. A message that is not empty is pushed to the peer's client with ver
// and cmd, after it has passed the same receive and message callbacks as any other; without one the peer's node runs its
// SetOnClearCache callbacks. Messages sent before arrive before. If there is no channel, nothing happens.
func (m *Module) ClearCacheByUserID(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte) {
	if len(message) > m.settings.MaxMessageSize {
		m.hooks.log.Warn("dm: the last message is too large and is not sent", "user", userData.ID, "peer", yourUserID, "bytes", len(message))
		message = nil
	}
	m.disconnect(userData, yourUserID, Message{ver, cmd, message}, nil)
}

// disconnect ends a channel, and tells c when the other side has answered. It tells whether there was one.
func (m *Module) disconnect(from *user.User, peerID string, msg Message, c completion) bool {
	if !m.running.Load() {
		return false
	}
	p := m.known(sidOf(from.SID))
	if p == nil {
		return false
	}
	pr := p.peers[peerID]
	if pr == nil || !pr.ch.Open() && pr.ch.Waiting() == 0 {
		p.unlock()

		return false
	}
	p.send(pr, newItem(channel.Clear, msg.Ver, msg.Cmd, msg.Body, c))
	p.unlock()

	return true
}

// Leave ends all channels of a user whose session is over, each with the message that the SetOnUserDisconnect callbacks make for that
// peer. What the user has sent before still arrives before. The user must be out of the registry.
func (m *Module) Leave(u *user.User) {
	p := m.known(sidOf(u.SID))
	if p == nil {
		return
	}
	if p.next.Known() { // replaced meanwhile
		p.unlock()

		return
	}
	farewells := make(map[string][]byte)
	for {
		missing := ""
		for id := range p.peers {
			if _, made := farewells[id]; !made {
				missing = id

				break
			}
		}
		if missing == "" {
			break
		}
		p.unlock() // the callbacks run without the lock
		farewells[missing] = m.hooks.farewell(u, missing)
		p.mu.Lock()
	}
	p.left = true
	for id, pr := range p.peers {
		p.send(pr, newItem(channel.Leave, engineVer, cmdDisconnect, farewells[id], nil))
	}
	p.tidyAll()
	p.unlock()
}

// Replaced hands the channels of a session over to the newer one of the same user, at next: being replaced is not leaving, and no peer is
// told that anybody left. What the older session has not yet sent ends in ErrReliableTimeout. It does not block and runs no callback of the
// application.
func (m *Module) Replaced(u *user.User, next dive.Place) {
	p := m.known(sidOf(u.SID))
	if p == nil {
		return
	}
	p.left = true
	p.next = channel.Place{Node: channel.Node(next.Node), SID: sidOf(next.SID)}
	ho := handover{userID: u.ID, old: p.sid, now: p.next.SID}
	for id, pr := range p.peers {
		var buf [4]channel.Action
		acts, at, open := pr.ch.Retire(buf[:0])
		p.add(pr, acts)
		if open {
			ho.channels = append(ho.channels, kept{id, at})
		}
	}
	p.tidyAll()
	p.unlock()
	m.handOver(p.next.Node, ho)
}

// late hands over a channel that has opened after its session was replaced: a find was still out. The party is locked.
func (p *party) late(pr *peer) {
	if !p.next.Known() || !pr.ch.Open() {
		return
	}
	acts, at, open := pr.ch.Retire(nil)
	p.add(pr, acts)
	if open {
		p.steps = append(p.steps, step{handover: &handover{
			userID: p.user.ID, old: p.sid, now: p.next.SID, channels: []kept{{pr.id, at}},
		}})
	}
}

// maxHandover bounds a packet of channels, in bytes.
const maxHandover = 48 << 10

func (m *Module) handOver(node channel.Node, ho handover) {
	if len(ho.channels) == 0 {
		return
	}
	if node == m.self {
		m.adopt(ho)

		return
	}
	all := ho.channels
	for len(all) > 0 {
		n, size := 0, 0
		for n < len(all) && size < maxHandover {
			size += 64 + len(all[n].peer) + len(all[n].at.Node.Name)
			n++
		}
		ho.channels, all = all[:n], all[n:]
		if err := m.parts.Mesh.Send(mesh.NodeID(node), mesh.PortDM, ho.append(nil)); err != nil {
			m.parts.Log.Warn("dm: channels could not be handed over", "user", ho.userID, "node", node.Name, "error", err)
		}
	}
}

// adopt takes over the channels of an older session. The newer one may not have been welcomed yet: then they wait for it.
func (m *Module) adopt(ho handover) {
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

// Joined gives a user that has just been added to the registry the channels of its older session, and tells the peers
// where the user is now.
func (m *Module) Joined(u *user.User) {
	sid := sidOf(u.SID)
	ho, ok := m.adopted.LoadAndDelete(sid)
	if !ok {
		return
	}
	p := m.party(u)
	for _, k := range ho.channels {
		if !p.left {
			p.peer(k.peer).ch.Adopt(k.at)
		}
	}
	p.unlock()
	for _, k := range ho.channels {
		l := relocation{peer: k.at.SID, old: ho.old, now: p.place(), userID: u.ID}
		if k.at.Node == m.self {
			m.relocate(l)
		} else if err := m.parts.Mesh.Send(mesh.NodeID(k.at.Node), mesh.PortDM, l.append(nil)); err != nil {
			m.parts.Log.Debug("dm: a peer could not be told of a move", "user", u.ID, "node", k.at.Node.Name, "error", err)
		}
	}
}

// Abandoned forgets what was handed over to a session that was not welcomed after all.
func (m *Module) Abandoned(u *user.User) { m.adopted.Delete(sidOf(u.SID)) }

// relocate tells a user's channel where its peer is now.
func (m *Module) relocate(l relocation) {
	p := m.known(l.peer)
	if p == nil {
		return
	}
	if pr := p.peers[l.userID]; pr != nil {
		pr.ch.Relocate(l.old, l.now)
	}
	p.unlock()
}

// watcher is told of nodes.
type watcher struct{ m *Module }

// NodeUp changes nothing: channels to it open with the first message.
func (watcher) NodeUp(mesh.NodeID) {}

// NodeDown ends every channel with a user of that node.
func (w watcher) NodeDown(n mesh.NodeID, _ bool) {
	node := channel.Node(n)
	w.m.parties.Range(func(_ channel.SID, p *party) bool {
		p.mu.Lock()
		for _, pr := range p.peers {
			var buf [4]channel.Action
			p.add(pr, pr.ch.NodeDown(buf[:0], node))
			p.tidy(pr)
		}
		p.unlock()

		return true
	})
}
