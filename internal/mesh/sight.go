package mesh

import "time"

// Whom others see. Every node tells all others whom it sees, whenever that changes. If another node sees one that is down for us, or that we
// have never heard, then only our way to it is missing: it may hold the very user that a find has asked for in vain. So such a find
// is uncertain (Doubter) until we see that node too, or the others no longer do.

// Watchful is what a Mesh may be besides: one that knows when its view of the cluster is not the whole.
type Watchful interface {
	// Doubts tells whether a user may have logged in elsewhere without this node knowing: a node may live that it does not see, or no
	// longer hears. Then its word that a user has left is not the last.
	Doubts() bool
	// Woke tells when this node last found that it had not run for a while: by the cluster's clock, and by its own. It never has: zeros. What
	// was sent to it before may be long out of date: the others may have taken it for dead, and gone on.
	Woke() (Stamp, time.Time)
}

var _ Watchful = (*member)(nil)

// Doubts implements Watchful.
func (m *member) Doubts() bool {
	m.mu.Lock()
	defer m.mu.Unlock()

	return m.doubtsLocked()
}

// woken is when the node found that it had not run.
type woken struct {
	stamp Stamp
	at    time.Time
}

// Woke implements Watchful. Who asks may be the first that runs again.
func (m *member) Woke() (Stamp, time.Time) {
	m.feel(time.Now())
	w := m.woken.Load()
	if w == nil {
		return 0, time.Time{}
	}

	return w.stamp, w.at
}

// pulse notices that the node did not run. It waits for nothing but the time, as whoever works with the engine might.
func (m *member) pulse() {
	m.every(tick, func() {
		m.eng.pass()
		now := time.Now()
		m.feel(now)
		m.felt.Store(int64(now.Sub(m.born)))
	})
}

// feel looks how long ago the pulse was.
func (m *member) feel(now time.Time) {
	if now.Sub(m.born)-time.Duration(m.felt.Load()) > m.timing.stall() {
		m.woken.Store(&woken{m.clock.Now(), now})
	}
}

func (m *member) doubtsLocked() bool {
	return m.CutOff() || m.doubt || m.missing || time.Now().Before(m.unsure) || !m.eng.reaches(m.reachableLocked())
}

// lookAroundLocked notes whether a node lives that this one does not see: another one sees it, or it was heard again and both have not
// met yet. What nodes say that the engine does not bring to us counts for nothing. One that is up and of which the engine has brought nothing
// for a while counts too: it may have declared us down already, and gone on.
func (m *member) lookAroundLocked() {
	m.missing = false
	silent := time.Now().Add(-m.timing.silent())
	for _, p := range *m.up.Load() {
		m.missing = m.missing || !p.adrift && p.byEngine.Before(silent)
		for _, inc := range p.sees {
			m.missing = m.missing || !p.adrift && inc != m.self.Incarnation && !m.knowsLocked(inc)
		}
	}
	for _, p := range m.peers {
		m.missing = m.missing || p.state == peerDown && p.back
	}
}

// knowsLocked tells whether a node is up, or has said goodbye.
func (m *member) knowsLocked(inc uint64) bool {
	p := m.peers[inc]

	return p != nil && (p.state == peerUp || p.state == peerGone)
}

// tellSight tells everybody whom this node sees, if that has changed; and while one is missing, it asks all others, every beat, whether they
// still see it: what they said last may have been lost, or be no longer true.
func (m *member) tellSight(now time.Time) {
	m.mu.Lock()
	m.lookAroundLocked()
	ask := m.missing && now.Sub(m.looked) >= m.timing.Beat
	tell := m.changed
	if ask {
		m.looked = now
	}
	m.mu.Unlock()
	if ask || tell {
		m.introduce(ask)
	}
}

// introduce tells everybody who hears it whom this node sees.
func (m *member) introduce(ask bool) {
	m.mu.Lock()
	m.changed = false
	meet := m.sightLocked(nil)
	m.mu.Unlock()
	meet.ask = ask
	_ = m.broadcast(kindMeet, 0, meet.encode()) // asked for again while it matters
}

// sightLocked begins a meeting with a node, or with all.
func (m *member) sightLocked(with *peer) meeting {
	up := *m.up.Load()
	meet := meeting{door: m.door(), members: make([]NodeID, 0, len(up))}
	for _, p := range up {
		if p != with {
			meet.members = append(meet.members, p.id)
		}
	}

	return meet
}
