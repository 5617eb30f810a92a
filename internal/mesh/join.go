package mesh

import (
	"context"
	"fmt"
	"time"
)

// join returns when this node is in step: everybody it knows of, by itself or from others, has answered. The hellos
// go out with the ticks.
func (m *member) join(ctx context.Context) error {
	company, who := m.eng.expects()
	if company == companyNone {
		m.mu.Lock()
		m.endJoinLocked()
		m.mu.Unlock()

		return nil
	}
	wait := m.timing.Join
	if company == companyPerhaps {
		wait = m.timing.Beat + tick
	}
	m.hello()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-m.inStep:
			return nil
		case <-m.stop:
			return ErrStopped
		case <-ctx.Done():
			return fmt.Errorf("mesh: joining: %w", context.Cause(ctx))
		case <-timer.C:
		}
		m.mu.Lock()
		m.waited = true
		alone := len(*m.up.Load()) == 0
		m.checkInStepLocked()
		m.mu.Unlock()
		if alone && company == companySurely {
			m.log.Warn("no answer from the nodes to join yet; serving alone, still trying", "join", who)
		}
	}
}

// hello asks everybody who hears it to tell who they are.
func (m *member) hello() { m.introduce(true) }

// checkInStepLocked ends the joining once somebody has been met, or was waited for long enough, and nobody's answer is missing.
func (m *member) checkInStepLocked() {
	if !m.joining {
		return
	}
	met := m.waited
	for _, p := range m.peers {
		if p.state > peerUp {
			continue
		}
		if !p.answered {
			return
		}
		met = true
	}
	if met {
		m.endJoinLocked()
	}
}

func (m *member) endJoinLocked() {
	if !m.joining {
		return
	}
	m.joining = false
	for inc, p := range m.peers {
		if p.state == peerMentioned {
			delete(m.peers, inc)
		}
	}
	close(m.inStep)
}
