package dm

import (
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/node"
)

// NodeDown says that the link to a node has ended: every channel with a user there ends, and what was under way to it is unknown. It does not
// block. Nothing of that node may be given to HandlePacket afterwards until NodeDown has returned.
func (m *Module) NodeDown(n node.ID) {
	if !m.running.Load() {
		return
	}
	m.parties.Range(func(_ channel.SID, p *party) bool {
		p.mu.Lock()
		for _, pr := range p.peers {
			var buf [4]channel.Action
			p.add(pr, pr.ch.NodeDown(buf[:0], n))
			p.late(pr)
			p.tidy(pr)
		}
		p.orphaned(n)
		p.unlock()

		return true
	})
}
