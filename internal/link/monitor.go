package link

import "time"

// forgetEvery is how many ticks lie between two looks at what may be forgotten.
const forgetEvery = 1200

// monitor looks at all links at each tick.
func (e *Endpoint) monitor() {
	ticker := time.NewTicker(e.cfg.Timing.Tick)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-e.done:
			return
		case <-ticker.C:
		}
		e.cfg.Gate()
		now := e.cfg.Clock()
		if e.awake(now) {
			e.lastTick.Store(int64(now))
			e.look(now)
		} else {
			e.lastTick.Store(int64(now)) // after pausing is set
		}
		e.mu.Lock()
		for _, p := range e.peers {
			if p.creating != 0 && now-p.proposed >= e.cfg.Timing.Failure {
				p.endedUpTo(p.creating, now)
			}
		}
		if n%forgetEvery == 0 {
			e.forgetLocked(now)
		}
		e.mu.Unlock()
	}
}

// look sends beats, ends silent links and renews the lease.
func (e *Endpoint) look(now time.Duration) {
	t := e.cfg.Timing
	for _, l := range e.Links() {
		if e.endIfSilent(l, now) {
			continue
		}
		if now-time.Duration(l.wroteAt.Load()) > t.Beat-t.Tick {
			l.beat()
		}
	}
	e.computeLease()
	e.resumed()
}
