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
	w.tell(func(ch *channel.Channel, acts []channel.Action) []channel.Action {
		return ch.NodeDown(acts, channel.Node(n))
	})
	w.m.parties.Range(func(_ channel.SID, p *party) bool {
		p.mu.Lock()
		p.orphaned(channel.Node(n))
		p.unlock()

		return true
	})
}

// PathLost gives up what is in flight to users of that node: it ends in ErrReliableTimeout at once. Later messages find their way anew.
func (w watcher) PathLost(n mesh.NodeID) {
	w.tell(func(ch *channel.Channel, acts []channel.Action) []channel.Action {
		return ch.PathLost(acts, channel.Node(n))
	})
}

// tell lets every channel know.
func (w watcher) tell(event func(*channel.Channel, []channel.Action) []channel.Action) {
	w.m.parties.Range(func(_ channel.SID, p *party) bool {
		p.mu.Lock()
		for _, pr := range p.peers {
			var buf [4]channel.Action
			p.add(pr, event(pr.ch, buf[:0]))
			p.tidy(pr)
		}
		p.unlock()

		return true
	})
}
