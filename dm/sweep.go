package dm

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/parley-dm/parley/dm/internal/channel"
)

type computeOp = xsync.ComputeOp

const (
	updateOp = xsync.UpdateOp
	deleteOp = xsync.DeleteOp
	cancelOp = xsync.CancelOp
)

// sweep is the one timer of a module: it ends messages whose time is up, and drops channels that nobody uses.
type sweep struct {
	now atomic.Int64 // Unix nanoseconds, as of the last tick

	mu   sync.Mutex
	busy map[*party]struct{} // guarded by mu; parties that may have items waiting
}

// watch makes the sweep look at a party until it finds nothing waiting there. The party is locked.
func (s *sweep) watch(p *party) {
	if p.watched {
		return
	}
	p.watched = true
	s.mu.Lock()
	s.busy[p] = struct{}{}
	s.mu.Unlock()
}

// A timeout is noticed a tick late at most.
const (
	tick      = 50 * time.Millisecond
	idleTicks = 20 // channels are looked at for idleness every so many ticks

	adoptWithin = 30 * time.Second // what is handed over to a session waits so long for its login
)

func (m *Module) runSweep() {
	t := time.NewTicker(tick)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-m.stop:
			return
		case now := <-t.C:
			m.sweep.now.Store(now.UnixNano())
			m.expire(now)
			if n%idleTicks == 0 {
				m.dropIdle(now)
			}
		}
	}
}

// expire ends what has waited too long.
func (m *Module) expire(now time.Time) {
	m.sweep.mu.Lock()
	busy := make([]*party, 0, len(m.sweep.busy))
	for p := range m.sweep.busy {
		busy = append(busy, p)
	}
	m.sweep.mu.Unlock()
	for _, p := range busy {
		p.mu.Lock()
		waiting := false
		for _, pr := range p.peers {
			var buf [4]channel.Action
			p.add(pr, pr.ch.Expire(buf[:0], now))
			p.late(pr)
			waiting = waiting || pr.ch.Waiting() > 0
			p.tidy(pr)
		}
		if !waiting {
			p.watched = false
			m.sweep.mu.Lock()
			delete(m.sweep.busy, p)
			m.sweep.mu.Unlock()
		}
		p.unlock()
	}
}

// dropIdle drops the channels that have not been used for the idle timeout, and what nobody asked for.
func (m *Module) dropIdle(now time.Time) {
	oldest := now.Add(-m.settings.ChannelIdleTimeout).UnixNano()
	m.parties.Range(func(_ channel.SID, p *party) bool {
		p.mu.Lock()
		for _, pr := range p.peers {
			if pr.used < oldest && pr.ch.Open() && pr.ch.Quiet() {
				p.send(pr, newItem(channel.Forget, 0, 0, nil, nil))
			}
			p.tidy(pr)
		}
		p.tidySelf()
		p.unlock()

		return true
	})
	m.adopted.Range(func(sid channel.SID, waited []handover) bool {
		if waited[len(waited)-1].came < now.Add(-adoptWithin).UnixNano() {
			m.bereave(sid)
		}

		return true
	})
	m.over.Range(func(sid channel.SID, at int64) bool {
		if at < now.Add(-keepReplaced).UnixNano() {
			m.over.Delete(sid)
		}

		return true
	})
}

// trim drops the least recently used channel of a party that has one more than it may. The party is locked.
func (p *party) trim(opened *peer) {
	if len(p.peers) <= p.m.settings.MaxChannelsPerUser || !opened.ch.Open() {
		return
	}
	var oldest *peer
	for _, pr := range p.peers {
		if pr != opened && pr.ch.Open() && pr.ch.Quiet() && (oldest == nil || pr.used < oldest.used) {
			oldest = pr
		}
	}
	if oldest != nil {
		p.send(oldest, newItem(channel.Forget, 0, 0, nil, nil))
	}
}

// tidyAll is tidy for every peer. The party is locked.
func (p *party) tidyAll() {
	for _, pr := range p.peers {
		p.tidy(pr)
	}
	p.tidySelf()
}

// settle waits until nothing waits for an outcome, or ctx ends.
func (m *Module) settle(ctx context.Context) {
	t := time.NewTicker(tick / 10)
	defer t.Stop()
	for m.waiting() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// waiting is the number of items without an outcome.
func (m *Module) waiting() (n int) {
	m.parties.Range(func(_ channel.SID, p *party) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, pr := range p.peers {
			n += pr.ch.Waiting()
		}

		return true
	})

	return n
}

// abandon ends everything that is still open when the module stops.
func (m *Module) abandon() {
	m.parties.Range(func(_ channel.SID, p *party) bool {
		p.mu.Lock()
		for _, pr := range p.peers {
			var buf [4]channel.Action
			p.add(pr, pr.ch.Abandon(buf[:0]))
			p.tidy(pr)
		}
		p.unlock()

		return true
	})
}
