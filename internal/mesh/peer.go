package mesh

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// peer is another node as this one sees it.
type peer struct {
	id    NodeID
	fresh atomic.Bool // heard by the engine since the last tick

	door    atomic.Pointer[door]   // where its links come in; nil: not told yet
	link    atomic.Pointer[linked] // packets to it go there; nil: by the engine. Changes with order held
	inbound atomic.Pointer[linked] // the link whose reader may still hand over packets
	marked  atomic.Uint64          // the link whose marker has come by the engine; 0: none
	order   sync.Mutex             // see links
	calling calling                // guarded by order

	// guarded by member.mu

	state    peerState
	heard    time.Time // the last tick that found it fresh; for a tombstone: since when it is one, or when it was heard again
	asked    time.Time // when it was last sent a meeting that asks
	mine     Stamp     // my epoch of the pair
	theirs   Stamp     // its epoch of the pair, as last told; 0: not told yet
	acked    bool      // it has told me that it knows mine
	answered bool      // it has answered since I began to join
	confirm  bool      // not heard since the engine came back
	shadow   bool      // down, and the engine may still give finds to it
	probed   time.Time // when it was last asked whether it would
	back     bool      // down, but heard again: up once it knows that it was down for me
	sees     []uint64  // whom it sees, as last told; incarnations
	hadLink  bool      // it has a link, or had one when the engine was lost
	byEngine time.Time // the last tick that found that the engine brought something of it
	adrift   bool      // its link says that it lives, but the engine brings nothing of it
}

type peerState uint8

const (
	peerMentioned peerState = iota // another node named it; we have not heard it
	peerUp
	peerDown // vanished; a tombstone
	peerGone // said goodbye; a tombstone
)

// setUpLocked and setDownLocked keep the snapshot that everybody reads.
func (m *member) setUpLocked(p *peer) {
	if p.state == peerDown {
		m.unsureLocked()
	}
	p.state, p.back = peerUp, false
	p.heard = time.Now()
	p.fresh.Store(true)
	p.byEngine, p.adrift = p.heard, false
	p.shadow = false
	m.judgeShadowsLocked()
	up := maps.Clone(*m.up.Load())
	up[p.id.Incarnation] = p
	m.up.Store(&up)
	m.vanished = 0
	m.changed = true
	m.lookAroundLocked()
	m.judgeCutLocked()
}

func (m *member) setDownLocked(p *peer, state peerState) {
	p.state, p.acked, p.confirm = state, false, false
	p.hadLink, p.adrift = false, false
	p.shadow, p.probed = state == peerDown, time.Time{}
	m.judgeShadowsLocked()
	p.marked.Store(0)
	if c := p.inbound.Load(); c != nil {
		c.dead.Store(true)
		c.void.Store(true)
		c.link.Close(errPeerDown)
	}
	p.heard = time.Now()
	up := maps.Clone(*m.up.Load())
	delete(up, p.id.Incarnation)
	m.up.Store(&up)
	m.changed = true
	m.lookAroundLocked()
	m.dropFromBarriersLocked(p.id.Incarnation)
	m.judgeCutLocked()
}

// judgeCutLocked decides what CutOff says while the engine itself is there.
func (m *member) judgeCutLocked() {
	const all = 2 // one that vanished has crashed; all of two or more: it is us
	cut := m.resync || (m.vanished >= all && len(*m.up.Load()) == 0)
	if m.cut.Swap(cut) && !cut {
		m.unsureLocked()
	}
}

func (m *member) newPeerLocked(id NodeID, state peerState) *peer {
	p := &peer{id: id, state: state, heard: time.Now(), mine: m.clock.Now()}
	m.peers[id.Incarnation] = p

	return p
}

// meetStranger is called when a node that is not up was heard: it is up now, if it is new; one that is down
// for us must first hear of that.
func (m *member) meetStranger(h header) {
	m.delivery.Lock()
	defer m.delivery.Unlock()
	m.mu.Lock()
	p := m.peers[h.inc]
	switch {
	case p == nil:
		p = m.newPeerLocked(h.node(), peerUp)
	case p.state == peerMentioned:
	case p.state == peerDown && p.back:
		p.heard = time.Now()
		m.mu.Unlock()

		return
	case p.state == peerDown:
		p.back, p.heard = true, time.Now()
		m.lookAroundLocked()
		ask := m.meetingLocked(p, true, p.heard)
		m.mu.Unlock()
		m.sendMeeting(p, ask)

		return
	default:
		m.mu.Unlock()

		return
	}
	m.welcomeLocked(p)
	m.mu.Unlock()
	m.announceUp(p)
}

// welcomeLocked makes p up, and announceUp, without mu but with delivery held for writing, tells the
// watchers. Before, p is told that it is up: what watchers send to it finds an open door.
func (m *member) welcomeLocked(p *peer) {
	m.setUpLocked(p)
	m.log.Info("node is up", "node", p.id)
}

func (m *member) announceUp(p *peer) {
	m.mu.Lock()
	hello := m.meetingLocked(p, false, time.Now())
	m.mu.Unlock()
	m.sendMeeting(p, hello)
	for _, w := range m.watchers {
		w.NodeUp(p.id)
	}
}

func (m *member) announceDown(p *peer, graceful bool) {
	for _, w := range m.watchers {
		w.NodeDown(p.id, graceful)
	}
}

// meetingLocked is what p should be told of the pair.
func (m *member) meetingLocked(p *peer, ask bool, now time.Time) meeting {
	if ask {
		p.asked = now
	}

	meet := m.sightLocked(p)
	meet.ask, meet.mine, meet.yours = ask, p.mine, p.theirs

	return meet
}

func (m *member) sendMeeting(p *peer, meet meeting) {
	if err := m.toPeer(p, kindMeet, 0, meet.encode()); err != nil {
		m.log.Debug("mesh: a meeting could not be sent", "node", p.id, "error", err)
	}
}

// onMeet takes what another node tells of the pair that it and we are: see the package comment.
func (m *member) onMeet(packet []byte) {
	h, body, err := parseHeader(packet)
	if err != nil {
		m.drops.malformed.Add(1)

		return
	}
	m.clock.Observe(h.stamp)
	if h.inc == m.self.Incarnation {
		return
	}
	meet, err := parseMeeting(body)
	if err != nil {
		m.drops.malformed.Add(1)

		return
	}
	m.delivery.Lock()
	defer m.delivery.Unlock()
	m.mu.Lock()
	p := m.peers[h.inc]
	if p == nil {
		p = m.newPeerLocked(h.node(), peerMentioned)
	}
	if p.state == peerGone {
		m.mu.Unlock()

		return
	}
	p.fresh.Store(true)
	returns := p.state == peerDown
	forget, up := m.noteMeetingLocked(p, meet)
	if forget { // it had declared us down: so it is for us
		m.setDownLocked(p, peerDown)
		m.log.Warn("node had lost sight of this one", "node", p.id)
	}
	answer := m.meetingLocked(p, false, time.Now())
	if up {
		m.welcomeLocked(p)
	}
	m.lookAroundLocked()
	m.checkInStepLocked()
	m.mu.Unlock()
	if forget {
		m.announceDown(p, false)
	}
	if up && returns { // before its logins can have our answer: those who have not met it yet must not believe that its users are nowhere
		m.introduce(false)
	}
	if meet.ask && !up {
		m.sendMeeting(p, answer)
	}
	if up {
		m.announceUp(p)
	}
}

// noteMeetingLocked notes what p told and says whether p is to be forgotten, and whether it is up then.
func (m *member) noteMeetingLocked(p *peer, meet meeting) (forget, up bool) {
	if meet.mine != 0 {
		forget = p.state == peerUp && p.theirs != 0 && p.theirs != meet.mine
		p.theirs = meet.mine
		p.answered = true
	}
	p.door.Store(&meet.door)
	p.sees = p.sees[:0]
	for _, id := range meet.members {
		p.sees = append(p.sees, id.Incarnation)
	}
	p.acked = p.acked || meet.yours == p.mine
	m.confirmLocked(p)
	for _, id := range meet.members {
		if m.joining && id.Incarnation != m.self.Incarnation && m.peers[id.Incarnation] == nil {
			m.newPeerLocked(id, peerMentioned)
		}
	}
	switch p.state {
	case peerMentioned:
		up = true
	case peerDown:
		up = p.acked
	case peerUp:
		up = forget
	case peerGone:
	}

	return forget, up
}

func (m *member) onGoodbye(packet []byte) {
	h, _, err := parseHeader(packet)
	if err != nil {
		m.drops.malformed.Add(1)

		return
	}
	m.clock.Observe(h.stamp)
	m.gone(h.node())
}

// gone is called when a node has said goodbye.
func (m *member) gone(id NodeID) {
	m.delivery.Lock()
	defer m.delivery.Unlock()
	m.mu.Lock()
	p := m.peers[id.Incarnation]
	if p == nil {
		p = m.newPeerLocked(id, peerGone)
	}
	wasUp := p.state == peerUp
	m.setDownLocked(p, peerGone)
	m.checkInStepLocked()
	m.mu.Unlock()
	if wasUp {
		m.log.Info("node has left", "node", p.id)
		m.announceDown(p, true)
	}
}
