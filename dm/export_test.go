package dm

import (
	"encoding/hex"
	"fmt"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/user"
)

// Holdings is what a module remembers and keeps waiting.
type Holdings struct {
	Parties, Channels, Lookups, Adopted, Ended, Watched int
	Items, Bytes                                        int // of messages without an outcome
	Arrived, ArrivedBytes                               int // not seen by the callbacks yet
	Calls                                               int // outcomes that callbacks have not been told
	Who                                                 string
}

// maxWho bounds a list for a failure's message.
const maxWho = 4096

func (h *Holdings) add(p *party) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pr := range p.peers {
		if len(h.Who) < maxWho {
			h.Who += fmt.Sprintf("%s and %s (left %v, dropped %v, replaced %v); ", p.id, pr.id, p.left, p.dropped, p.next.Known())
		}
		if pr.ch.Open() {
			h.Channels++
		}
		h.Items += pr.ch.Waiting()
	}
	h.Bytes += p.bytes
	h.ArrivedBytes += p.inboxBytes
	h.Arrived += p.inbox.Waiting()
	h.Calls += p.calls.Waiting()
}

// Holds counts what the module holds now.
func (m *Module) Holds() Holdings {
	h := Holdings{Parties: m.parties.Size(), Lookups: m.lookups.Size(), Adopted: m.adopted.Size(), Ended: m.ended.Size()}
	m.sweep.mu.Lock()
	h.Watched = len(m.sweep.busy)
	m.sweep.mu.Unlock()
	for _, p := range m.all() {
		h.add(p)
	}

	return h
}

// Remains returns a function that counts what the parties of now hold when it is called, even if the module has forgotten them.
func (m *Module) Remains() func() Holdings {
	all := m.all()

	return func() (h Holdings) {
		for _, p := range all {
			h.add(p)
		}

		return h
	}
}

// Places tells by the peer's user ID which session a user's channels lead to.
func (m *Module) Places(u *user.User) map[string]string {
	p := m.known(sessionOf(u))
	if p == nil {
		return nil
	}
	defer p.unlock()
	places := map[string]string{}
	for id, pr := range p.peers {
		if pr.ch.Open() {
			sid := pr.ch.Place().SID
			places[id] = hex.EncodeToString(sid[:])
		}
	}

	return places
}

func (m *Module) all() (all []*party) {
	m.parties.Range(func(_ channel.SID, p *party) bool {
		all = append(all, p)

		return true
	})

	return all
}
