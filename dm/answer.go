package dm

import (
	"github.com/parley-dm/parley/dm/internal/channel"
)

// answer carries an answer to the sender.
func (m *Module) answer(a *answer) {
	if a.node == m.self {
		m.answered(a, a.by)

		return
	}
	buf := packetBuffers.Get().(*[]byte) //nolint:forcetypeassert // the pool's New
	*buf = a.append((*buf)[:0])
	var err error
	if a.lax {
		err = m.parts.Nodes.SendLater(a.node, *buf)
	} else {
		err = m.parts.Nodes.Send(a.node, *buf)
	}
	if err != nil {
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

// answered gives an answer to the channel of the session that sent.
func (m *Module) answered(a *answer, by []byte) {
	p := m.known(a.to)
	if p == nil {
		return
	}
	pr := p.peers[string(by)]
	if pr == nil { // every message has its outcome: this one was taken back before
		p.unlock()

		return
	}
	var buf [4]channel.Action
	pr.used = m.sweep.now.Load()
	p.add(pr, pr.ch.Answered(buf[:0], a.Reply))
	p.late(pr)
	p.trim(pr)
	p.tidy(pr)
	p.unlock()
}
