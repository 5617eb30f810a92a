package dm

import (
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/mesh"
)

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
