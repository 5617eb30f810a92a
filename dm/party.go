package dm

import (
	"sync"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

// party is a session that takes part in direct messages: it exists from its first message on.
//
// Events lock it, give themselves to a channel, and leave what comes out as steps. Whoever finds nobody doing the steps does them, his own and
// those that others leave meanwhile, without the lock: so they are done in order, and nobody waits.
type party struct {
	m    *Module
	user *user.User
	id   []byte // the user ID
	sid  channel.SID

	mu      sync.Mutex
	peers   map[string]*peer // guarded by mu; by user ID
	steps   []step           // guarded by mu; to be done, in order
	spare   []step           // guarded by mu; the other of two buffers that take turns
	doing   bool             // guarded by mu; somebody is doing steps
	left    bool             // guarded by mu; the session is over: it takes no messages any more
	gone    func(uint64)     // guarded by mu; of a session that is leaving: called when all its messages have their true outcomes
	counted bool             // guarded by mu; Module.ended knows of it
	epoch   uint64           // guarded by mu; the newest of what this session sends
	floor   uint64           // guarded by mu; the newest epoch that was accepted by machines which were thrown away
	watched bool             // guarded by mu; the sweep looks at it
	dropped bool             // guarded by mu; it is out of Module.parties: look it up again
	waiting int              // guarded by mu; items that wait for an outcome
	bytes   int              // guarded by mu; of their bodies

	inboxBytes int           // guarded by mu; of the bodies in inbox
	next       channel.Place // guarded by mu; where the user's newer session is; nowhere: it was not replaced
	keep       int64         // guarded by mu; of one that was replaced: until when it is kept, by Module.sweep.now
	handed     []kept        // guarded by mu; of one that was replaced: what it has handed over

	inbox command.SerialExecutor // what has arrived: callbacks and pushes, in order
	calls command.SerialExecutor // outcomes for callbacks of this user's messages
}

// peer is the other side of one of a party's channels.
type peer struct {
	id   string
	wire []byte // the same, for packets
	ch   *channel.Channel
	used int64 // guarded by party.mu; Module.sweep.now when something last passed

	token uint64 // guarded by party.mu; of the lookup that is out, 0: none
}

// step is something to do for a party: an action of a channel, or else a call, or else an answer to send.
type step struct {
	peer   *peer
	action channel.Action
	call   func()
	answer answer
}

// sessionOf is what a user's session is known by. A blank user's SID may be any string, and stand for several users.
func sessionOf(u *user.User) channel.SID {
	if u.IsBlank() {
		return node.HashSID(u.ID + "\x00" + u.SID)
	}

	return node.ParseSID(u.SID)
}

// party returns the party of a user, locked. A user whose session is over gets one that is over too: it may send, but keeps no
// channel.
func (m *Module) party(u *user.User) *party {
	sid := sessionOf(u)
	for {
		p, ok := m.parties.Load(sid)
		if !ok {
			fresh := &party{m: m, user: u, id: []byte(u.ID), sid: sid, peers: make(map[string]*peer)}
			fresh.mu.Lock()
			if p, ok = m.parties.LoadOrStore(sid, fresh); !ok {
				fresh.left = u.Closed() // asked for only now: Leave may have looked for a party just before there was one

				return fresh
			}
		}
		p.mu.Lock()
		if !p.dropped {
			return p
		}
		p.mu.Unlock()
	}
}

// known returns the party with this SID, locked, or nil.
func (m *Module) known(sid channel.SID) *party {
	p, ok := m.parties.Load(sid)
	if !ok {
		return nil
	}
	p.mu.Lock()
	if p.dropped {
		p.mu.Unlock()

		return nil
	}

	return p
}

// place is where the party is.
func (p *party) place() channel.Place { return channel.Place{Node: p.m.self, SID: p.sid} }

// peer returns the state towards a peer, made if need be. The party is locked.
func (p *party) peer(id string) *peer {
	pr := p.peers[id]
	if pr == nil {
		pr = &peer{id: id, wire: []byte(id), ch: channel.New(p.nextEpoch)}
		pr.ch.Floor(p.floor)
		if p.next.Known() { // the newer session's messages come after all of this one's
			pr.ch.Retire(nil)
		}
		p.peers[id] = pr
		p.m.sweep.watch(p)
	}
	pr.used = p.m.sweep.now.Load()

	return pr
}

// add leaves actions of a peer's channel as steps. The party is locked.
func (p *party) add(pr *peer, acts []channel.Action) {
	for i := range acts {
		p.steps = append(p.steps, step{peer: pr, action: acts[i]})
	}
}

// unlock ends an event: it does the steps, or leaves them to whoever is doing some, and unlocks the party.
func (p *party) unlock() {
	if p.doing {
		p.mu.Unlock()

		return
	}
	p.doing = true
	for len(p.steps) > 0 {
		batch := p.steps
		p.steps, p.spare = p.spare[:0], nil
		p.mu.Unlock()
		for i := range batch {
			p.do(&batch[i])
		}
		clear(batch)
		p.mu.Lock()
		if cap(batch) <= maxSpare {
			p.spare = batch[:0]
		}
	}
	p.doing = false
	p.mu.Unlock()
}

// maxSpare bounds the buffer of steps that a party keeps, in steps.
const maxSpare = 64

// tidy throws away what a party need not remember. It is locked.
func (p *party) tidy(pr *peer) {
	if pr.ch.Over() && p.peers[pr.id] == pr {
		p.floor = max(p.floor, pr.ch.Accepted())
		delete(p.peers, pr.id)
	}
	p.tidySelf()
}

// tidySelf throws away the party if nothing need be remembered of it. It is locked.
func (p *party) tidySelf() {
	if len(p.peers) > 0 || len(p.steps) > 0 || p.dropped || !p.left && !p.user.IsBlank() {
		return
	}
	if gone := p.gone; gone != nil {
		newest := p.newest()
		p.steps = append(p.steps, step{call: func() { gone(newest) }})
		p.gone = nil
	}
	if p.next.Known() && p.m.sweep.now.Load() < p.keep {
		return
	}
	p.dropped = true
	p.forget()
	p.m.parties.Delete(p.sid)
}
