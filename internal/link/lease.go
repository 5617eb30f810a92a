package link

import "time"

// Leased tells whether the newest acknowledged packet of every link was sent at most Timing.Suspend
// ago, no connection is broken, and the process has not paused. No other node that has a link to
// this one ends it for silence within the next Timing.Failure - Timing.Suspend. After it was false
// Handler.Resumed is called. It reads the clock and takes no lock.
func (e *Endpoint) Leased() bool {
	now := e.cfg.Clock()
	if int64(now) <= e.until.Load() && e.awake(now) {
		return true
	}
	e.lapsed.Store(true)

	return false
}

// Running is false from the moment when this process runs again after a pause until Handler.Paused
// has returned. It reads the clock and takes no lock while it is true.
func (e *Endpoint) Running() bool { return e.awake(e.cfg.Clock()) }

// awake begins what has to be done after a pause, and returns false until that is done. The tick is
// read before pausing: pause sets them in the other order.
func (e *Endpoint) awake(now time.Duration) bool {
	gap := now - time.Duration(e.lastTick.Load())
	if gap < e.cfg.Timing.Suspend {
		return !e.pausing.Load()
	}
	e.pause(gap)

	return false
}

// pause begins to end all links, unless that has begun.
func (e *Endpoint) pause(gap time.Duration) {
	e.mu.Lock()
	begins := !e.pausing.Load() && !e.closed
	if begins {
		e.pausing.Store(true)
		e.work.Go(func() { e.paused(gap) })
	}
	e.lastTick.Store(int64(e.cfg.Clock()))
	e.mu.Unlock()
}

// paused ends all links. Meanwhile none begins.
func (e *Endpoint) paused(gap time.Duration) {
	now := e.cfg.Clock()
	e.mu.Lock()
	for _, p := range e.peers {
		if p.creating != 0 {
			p.endedUpTo(p.creating, now)
		}
	}
	links := e.leases
	e.mu.Unlock()
	e.endEach(links, ErrPaused)
	for _, l := range links { // one that had ended before may be in its LinkDown
		l.peer.token.take()
		l.peer.token.giveBack()
	}
	e.notify <- struct{}{}
	e.cfg.Handler.Paused(gap)
	<-e.notify
	e.mu.Lock()
	e.pausing.Store(false)
	e.mu.Unlock()
	e.resumed()
	e.kickAll()
}

// leaseLost is called when a connection broke, after the link's own lease was withdrawn.
func (e *Endpoint) leaseLost() {
	e.lapsed.Store(true)
	e.computeLease()
}

// leaseChanged is called when a link's lease may be longer than before.
func (e *Endpoint) leaseChanged() {
	e.computeLease()
	e.resumed()
}

// computeLease makes the lease that of the link with the shortest. A link's own lease is withdrawn
// before this is called, so that of two calls the later one sees it.
func (e *Endpoint) computeLease() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.computeLeaseLocked()
}

func (e *Endpoint) computeLeaseLocked() {
	until := int64(forever)
	for _, l := range e.leases {
		until = min(until, l.lease.Load())
	}
	e.until.Store(until)
}

// resumed tells the handler that the lease holds again, if it did not.
func (e *Endpoint) resumed() {
	now := int64(e.cfg.Clock())
	if now > e.until.Load() {
		e.lapsed.Store(true)

		return
	}
	if !e.lapsed.Load() || !e.awake(time.Duration(now)) || !e.lapsed.Swap(false) {
		return
	}
	if now > e.until.Load() { // lost meanwhile
		e.lapsed.Store(true)

		return
	}
	e.spawn(func() {
		e.notify <- struct{}{}
		e.cfg.Handler.Resumed()
		<-e.notify
	})
}
