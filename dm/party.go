package dm

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/command"
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
	gone    func()           // guarded by mu; of one who has left: called when all farewells are answered
	epoch   uint64           // guarded by mu; the newest of what this session sends
	floor   uint64           // guarded by mu; of the finds whose machines were thrown away, the stamp of the newest
	watched bool             // guarded by mu; the sweep looks at it
	dropped bool             // guarded by mu; it is out of Module.parties: look it up again
	waiting int              // guarded by mu; items that wait for an outcome
	bytes   int              // guarded by mu; of their bodies

	inboxBytes int           // guarded by mu; of the bodies in inbox
	next       channel.Place // guarded by mu; where the user's newer session is; nowhere: it was not replaced
	keep       int64         // guarded by mu; of one that was replaced: until when it is kept, by Module.sweep.now
	handed     []kept        // guarded by mu; of one that was replaced: what it has handed over

	inbox command.Lane // what has arrived: callbacks and pushes, in order
	calls command.Lane // outcomes for callbacks of this user's messages
}

// peer is the other side of one of a party's channels.
type peer struct {
	id   string
	wire []byte // the same, for packets
	ch   *channel.Channel
	used int64 // guarded by party.mu; Module.sweep.now when something last passed

	token uint64 // guarded by party.mu; of the find that is out, 0: none
	asked uint64 // guarded by party.mu; finds from there with stamps up to this one come too late
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
		return hash(u.ID + "\x00" + u.SID)
	}

	return sidOf(u.SID)
}

func hash(s string) (sid channel.SID) {
	sum := sha256.Sum256([]byte(s))
	copy(sid[:], sum[:])

	return sid
}

// sidOf turns a session's ID into its 16 bytes.
func sidOf(s string) (sid channel.SID) {
	if len(s) == hex.EncodedLen(len(sid)) {
		if _, err := hex.Decode(sid[:], []byte(s)); err == nil {
			return sid
		}
	}

	return hash(s)
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
				fresh.left = u.Gone() // asked for only now: Leave may have looked for a party just before there was one

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
		if p.next.Known() { // the newer session's messages come after all of this one's
			pr.ch.Retire(nil)
		}
		p.peers[id] = pr
		p.m.sweep.watch(p)
	}
	pr.used = p.m.sweep.now.Load()

	return pr
}

// nextEpoch counts the epochs of a session up from the stamp of its login. So all of them are older than those of any newer session of the
// user, even if this one has been paused, with its node, and does not know yet that it was replaced. The party is locked.
func (p *party) nextEpoch() uint64 {
	if p.epoch == 0 {
		if p.epoch = p.user.Login(); p.epoch == 0 { // a blank user
			p.epoch = uint64(p.m.parts.Mesh.Clock().Now())
		}
	}
	p.epoch++

	return p.epoch
}

// overtaken tells whether a find was sent before the session began, or before one that has come and is forgotten: something that was sent
// after it may have arrived already. The party is locked.
func (p *party) overtaken(in *arrival) bool {
	return in.Found && in.ask <= max(p.floor, p.user.Login())
}

// stamp is the time of the cluster's clock.
func (m *Module) stamp() uint64 { return uint64(m.parts.Mesh.Clock().Now()) }

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
		p.floor = max(p.floor, pr.asked)
		delete(p.peers, pr.id)
	}
	p.tidySelf()
}

// tidySelf throws away the party if nothing need be remembered of it. It is locked.
func (p *party) tidySelf() {
	if len(p.peers) > 0 || len(p.steps) > 0 || p.dropped || !p.left && !p.user.IsBlank() {
		return
	}
	if p.gone != nil {
		p.steps = append(p.steps, step{call: p.gone})
		p.gone = nil
	}
	if p.next.Known() && p.m.sweep.now.Load() < p.keep {
		return
	}
	p.dropped = true
	if p.epoch > 0 && !p.user.IsBlank() { // whoever has left may still send: a new party counts on, so that no late answer fits what it sends
		p.user.SetLogin(p.epoch)
	}
	p.m.parties.Delete(p.sid)
}
