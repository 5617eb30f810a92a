package dm

import (
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/mesh"
)

// answer carries an answer to the sender.
func (m *Module) answer(a *answer) {
	if a.node == m.self {
		m.answered(a, a.by)

		return
	}
	buf := packetBuffers.Get().(*[]byte) //nolint:forcetypeassert // the pool's New
	*buf = a.append((*buf)[:0])
	send := m.parts.Mesh.Send
	if a.lax {
		send = m.parts.Mesh.SendLater
	}
	if err := send(mesh.NodeID(a.node), mesh.PortDM, *buf); err != nil {
		m.parts.Log.Debug("dm: an answer could not be sent", "node", a.node.Name, "error", err)
	}
	release(buf)
}

// notHere answers an arrival for a session that is not on this node.
func (m *Module) notHere(in *arrival) {
	m.answer(&answer{
		Reply: channel.Reply{
			Epoch: in.Epoch, Seq: in.Seq, Since: in.Seq, Outcome: channel.Moved,
			Place: channel.Place{Node: m.self, SID: in.to},
		},
		node: in.From.Node, to: in.From.SID, by: in.you,
	})
}

// answered gives an answer to the channel of the one who sent.
func (m *Module) answered(a *answer, by []byte) {
	p := m.known(a.to)
	if p == nil {
		return
	}
	pr := p.peers[string(by)]
	if pr == nil {
		if (a.Outcome == channel.Delivered || a.Outcome == channel.Dropped) && a.Seq == 0 && !p.next.Known() {
			p.disown(string(by), a.Place)
		}
		p.unlock()

		return
	}
	if a.Seq == 0 && pr.token != 0 {
		m.finds.Delete(pr.token)
		pr.token = 0
	}
	var buf [4]channel.Action
	pr.used = m.sweep.now.Load()
	p.add(pr, pr.ch.Answered(buf[:0], a.Reply))
	p.late(pr)
	p.trim(pr)
	p.tidy(pr)
	p.unlock()
}

// disown drops the channel that a peer holds open since our find was answered: the answer came after its deadline, and nothing is
// known of it here. The party is locked.
func (p *party) disown(id string, at channel.Place) {
	pr := p.peer(id)
	pr.ch.Adopt(at)
	kind := channel.Forget
	if p.left {
		kind = channel.Leave
	}
	p.send(pr, newItem(kind, engineVer, cmdDisconnect, nil, nil))
}
