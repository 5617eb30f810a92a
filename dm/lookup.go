package dm

import (
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/node"
)

// lookup is a lookup of the directory that has not been answered.
type lookup struct {
	p     *party
	peer  *peer
	epoch uint64
}

// find looks a peer up: on this node first, then in the directory.
func (p *party) find(pr *peer, epoch uint64) {
	m := p.m
	m.stats.Finds.Add(1)
	if u := m.parts.Users.ByUID(pr.id); u != nil {
		at := node.Place{Node: m.self, SID: sessionOf(u)}
		p.event(pr, func(acts []channel.Action) []channel.Action { return pr.ch.Located(acts, epoch, at) })

		return
	}
	token := m.tokens.Add(1)
	m.lookups.Store(token, lookup{p, pr, epoch})
	p.mu.Lock()
	pr.token = token
	p.mu.Unlock()
	m.parts.Directory.Lookup(pr.id, token)
}

// cancel gives up the lookup that is out for a peer, if one is.
func (p *party) cancel(pr *peer) {
	p.mu.Lock()
	token := pr.token
	pr.token = 0
	p.mu.Unlock()
	if token == 0 {
		return
	}
	if _, out := p.m.lookups.LoadAndDelete(token); out {
		p.m.parts.Directory.Cancel(token)
	}
}

// Located is called by the directory: the user that was looked up is at that place.
func (m *Module) Located(token uint64, at node.Place) {
	m.lookedUp(token, func(ch *channel.Channel, acts []channel.Action, epoch uint64) []channel.Action {
		return ch.Located(acts, epoch, at)
	})
}

// NotFound is called by the directory: the user that was looked up is not connected to any node.
func (m *Module) NotFound(token uint64) {
	m.lookedUp(token, func(ch *channel.Channel, acts []channel.Action, epoch uint64) []channel.Action {
		return ch.Nobody(acts, epoch, channel.NotFound)
	})
}

// LookupFailed is called by the directory: the cluster has not settled in time where the user is, or too many lookups wait.
func (m *Module) LookupFailed(token uint64) {
	m.lookedUp(token, func(ch *channel.Channel, acts []channel.Action, epoch uint64) []channel.Action {
		return ch.Nobody(acts, epoch, channel.CutOff)
	})
}

// lookedUp gives the answer to a lookup to the channel that asked. A token that is not known was cancelled.
func (m *Module) lookedUp(token uint64, tell func(ch *channel.Channel, acts []channel.Action, epoch uint64) []channel.Action) {
	l, ok := m.lookups.LoadAndDelete(token)
	if !ok {
		return
	}
	l.p.event(l.peer, func(acts []channel.Action) []channel.Action {
		if l.peer.token == token {
			l.peer.token = 0
		}

		return tell(l.peer.ch, acts, l.epoch)
	})
}
