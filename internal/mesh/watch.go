package mesh

import "time"

// turn is what the member's own goroutine keeps between two ticks.
type turn struct {
	last  time.Time // when the tick before was
	beat  time.Time // when we last said that we are alive
	prune time.Time // when old tombstones were last looked for
}

// tick does what is due.
func (m *member) tick(t *turn, now time.Time) {
	stalled := now.Sub(t.last) > m.timing.stall()
	if stalled {
		if _, woke := m.Woke(); woke.Before(t.last) {
			m.log.Warn("NATS held this node up; it judges nobody until it has listened again", "gap", now.Sub(t.last))
		} else {
			m.log.Warn("this node did not run for a while; it judges nobody until it has listened again", "gap", now.Sub(t.last))
		}
	}
	t.last = now
	if now.Sub(t.beat) >= m.timing.Beat {
		t.beat = now
		m.beat()
	}
	m.judge(now, stalled)
	m.tellSight(now)
	m.settleDoubts()
	m.askPeers(now)
	m.askForShadows(now)
	m.repeatBarriers(now)
	if now.Sub(t.prune) > goneFor/2 {
		t.prune = now
		m.bury(now)
	}
}

func (m *member) beat() {
	_ = m.broadcast(kindBeat, 0, nil) // the next one follows soon
}

// judge declares those down that were not heard for the failure timeout, by the engine or a link. After a stall of our own everybody counts as
// just heard; without the engine, everybody but those that have a link, or had one when it was lost.
func (m *member) judge(now time.Time, stalled bool) {
	var late []*peer
	engine := m.eng.connected()
	m.mu.Lock()
	for inc, p := range m.peers {
		switch p.state {
		case peerUp, peerMentioned:
			if p.fresh.Swap(false) {
				m.heardLocked(p, now)
			}
			if m.judgeLinkLocked(p, now, stalled, engine) {
				p.heard = now
			}
			if stalled || !engine && !p.hadLink {
				p.heard = now
			}
			if now.Sub(p.heard) < m.timing.Failure {
				continue
			}
			if p.state == peerMentioned {
				delete(m.peers, inc)
			} else {
				late = append(late, p)
			}
		case peerDown:
			p.back = p.back && now.Sub(p.heard) < m.timing.Failure // it was a packet that came late, or it is gone again
		case peerGone:
		}
	}
	m.checkInStepLocked()
	m.mu.Unlock()
	for _, p := range late {
		m.declareDown(p, now)
	}
}

// heardLocked notes that the engine has brought something of a peer.
func (m *member) heardLocked(p *peer, now time.Time) {
	if now.Sub(p.byEngine) > m.timing.silent() {
		m.unsureLocked()
	}
	p.heard, p.byEngine, p.adrift = now, now, false
	m.confirmLocked(p)
}

// judgeLinkLocked looks after a peer's link, and tells whether the peer was heard on it.
func (m *member) judgeLinkLocked(p *peer, now time.Time, stalled, engine bool) bool {
	if stalled || !engine {
		p.byEngine = now
	}
	c := p.inbound.Load()
	if c == nil {
		p.hadLink = p.hadLink && !engine

		return false
	}
	heard := c.fresh.Swap(false)
	if heard || stalled || c.heard.IsZero() {
		c.heard = now
	}
	if stalled {
		c.began = now // that it is not open may be our own doing
	}
	switch {
	case now.Sub(c.heard) >= m.timing.Failure:
		c.link.Close(errSilent)
	case !c.opened.Load() && now.Sub(c.began) > openTimeout:
		c.link.Close(errNotOpened)
	}
	if heard && !p.adrift && now.Sub(p.byEngine) >= m.timing.Failure {
		p.adrift = true
		m.confirmLocked(p)
		m.log.Warn("NATS brings nothing of a node whose link says that it lives: finds do not come to it", "node", p.id)
	}

	return heard
}

func (m *member) declareDown(p *peer, now time.Time) {
	m.delivery.Lock()
	defer m.delivery.Unlock()
	m.mu.Lock()
	if c := p.inbound.Load(); p.state != peerUp || p.fresh.Load() || c != nil && c.fresh.Load() { // heard in the last moment
		m.mu.Unlock()

		return
	}
	p.mine = m.clock.Now()
	if now.Sub(m.lastLoss) > m.timing.Failure {
		m.vanished = 0
	}
	m.vanished++
	m.lastLoss = now
	m.setDownLocked(p, peerDown)
	m.confirmLocked(p)
	m.checkInStepLocked()
	m.mu.Unlock()
	m.log.Warn("node is down: it was not heard of", "node", p.id, "for", m.timing.Failure)
	m.announceDown(p, false)
}

// askPeers asks those that have not answered: how they see us, or, while we join, at all.
func (m *member) askPeers(now time.Time) {
	type question struct {
		to   *peer
		meet meeting
	}
	var due []question
	m.mu.Lock()
	joining := m.joining
	for _, p := range m.peers {
		pause := m.timing.Beat
		if p.back || (joining && !p.answered) {
			pause = 0
		}
		wanted := (p.state == peerUp && !p.acked) || (p.state == peerDown && p.back) || (joining && p.state <= peerUp && !p.answered)
		if wanted && now.Sub(p.asked) >= pause {
			due = append(due, question{p, m.meetingLocked(p, true, now)})
		}
	}
	m.mu.Unlock()
	if joining {
		m.hello()
	}
	for _, q := range due {
		m.sendMeeting(q.to, q.meet)
	}
}

// bury forgets old tombstones.
func (m *member) bury(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for inc, p := range m.peers {
		age := now.Sub(p.heard)
		if (p.state == peerGone && age > goneFor) || (p.state == peerDown && age > downFor) {
			delete(m.peers, inc)
		}
	}
	m.judgeShadowsLocked()
}

// onLost: the engine is away. Until it is back and all peers have been heard again, or are down, a find that
// reaches nobody means nothing.
func (m *member) onLost() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resync = true
	for _, p := range *m.up.Load() {
		p.confirm = true
	}
	m.judgeCutLocked()
	m.log.Warn("NATS is lost: this node is cut off until it is back; what goes by links goes on")
}

func (m *member) onBack() {
	m.mu.Lock()
	m.resync = true
	for _, p := range *m.up.Load() {
		p.confirm, p.heard, p.byEngine = true, time.Now(), time.Now()
		p.fresh.Store(false)
	}
	m.confirmLocked(nil)
	m.mu.Unlock()
	m.log.Info("NATS is back")
	m.hello()
}

// confirmLocked notes that p was heard, or is down, and ends resync and doubt with the last one.
func (m *member) confirmLocked(p *peer) {
	if p != nil {
		p.confirm = false
	}
	if (!m.resync && !m.doubt) || !m.eng.connected() {
		return
	}
	for _, other := range *m.up.Load() {
		if other.confirm {
			return
		}
	}
	m.resync, m.doubt = false, false
	m.judgeCutLocked()
}
