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
		m.log.Warn("this node did not run for a while; it judges nobody until it has listened again", "gap", now.Sub(t.last))
	}
	t.last = now
	if now.Sub(t.beat) >= m.timing.Beat {
		t.beat = now
		m.beat()
	}
	m.judge(now, stalled || !m.eng.connected())
	m.settleDoubts()
	m.askPeers(now)
	m.repeatBarriers(now)
	if now.Sub(t.prune) > goneFor/2 {
		t.prune = now
		m.bury(now)
	}
}

func (m *member) beat() { _ = m.broadcast(kindBeat, 0, nil) } // the next one follows soon

// judge declares those down that were not heard for the failure timeout. After a stall of our own, or
// without the engine, everybody counts as just heard.
func (m *member) judge(now time.Time, pardon bool) {
	var late []*peer
	m.mu.Lock()
	for inc, p := range m.peers {
		switch p.state {
		case peerUp, peerMentioned:
			if p.fresh.Swap(false) {
				p.heard = now
				m.confirmLocked(p)
			}
			if pardon {
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
		case peerDown, peerGone:
		}
	}
	m.checkInStepLocked()
	m.mu.Unlock()
	for _, p := range late {
		m.declareDown(p, now)
	}
}

func (m *member) declareDown(p *peer, now time.Time) {
	m.delivery.Lock()
	defer m.delivery.Unlock()
	m.mu.Lock()
	if p.state != peerUp || p.fresh.Load() { // heard in the last moment
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
	m.log.Warn("the engine is lost: this node is cut off until it is back")
}

func (m *member) onBack() {
	m.mu.Lock()
	m.resync = true
	for _, p := range *m.up.Load() {
		p.confirm, p.heard = true, time.Now()
		p.fresh.Store(false)
	}
	m.confirmLocked(nil)
	m.mu.Unlock()
	m.log.Info("the engine is back")
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
