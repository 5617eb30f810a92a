package link

import (
	"slices"
	"time"
)

// lingerTime bounds how long a connection stays open to write its goodbye.
const lingerTime = time.Second

// end ends a link, unless still returns false once the peer's token is taken. With goodbye, the
// other side is notified behind all packets. LinkDown has returned when end returns.
func (e *Endpoint) end(l *Link, reason error, goodbye bool, still func() bool) {
	l.peer.token.take()
	defer l.peer.token.giveBack()
	if still == nil || still() {
		e.endHoldingToken(l, reason, goodbye)
	}
}

// endHoldingToken is end, called with the peer's token held.
func (e *Endpoint) endHoldingToken(l *Link, reason error, goodbye bool) {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()

		return
	}
	l.ended = true
	if l.armed && l.late.Stop() {
		l.armed = false
		e.work.Done()
	}
	c := l.conn
	l.source, l.deferred = nil, nil
	l.lease.Store(never)
	l.connected.Store(false)
	if parts := goodbye && c != nil; parts {
		e.mu.Lock()
		l.peer.lingering = append(l.peer.lingering, c)
		e.mu.Unlock()
		c.linger(lingerTime)
		l.log.append(kindGoodbye, 0, nil)
		l.unlockAndWrite(true)
	} else {
		l.conn = nil
		l.log.clear()
		l.mu.Unlock()
		if c != nil {
			c.close()
		}
	}

	now := e.cfg.Clock()
	e.mu.Lock()
	l.peer.link = nil
	l.peer.endedUpTo(l.number, now)
	l.peer.tries = 0
	e.editLinksLocked(nil, l)
	e.computeLeaseLocked()
	e.ended[reasonName(reason)]++
	e.mu.Unlock()
	e.lapsed.Store(true)

	log := e.cfg.Logger.Debug
	if reasonName(reason) == "protocol" {
		log = e.cfg.Logger.Warn
	}
	log("a link has ended", "peer", l.peer.id.String(), "number", l.number, "reason", reason)
	e.cfg.Handler.LinkDown(l, reason)

	e.mu.Lock()
	e.leases = slices.DeleteFunc(slices.Clone(e.leases), func(other *Link) bool { return other == l })
	e.mu.Unlock()
	e.leaseChanged()
	e.kick(l.peer, false)
}

// closeLingering closes the connections that still write a goodbye.
func (e *Endpoint) closeLingering() {
	var all []*conn
	e.mu.Lock()
	for _, p := range e.peers {
		all = append(all, p.lingering...)
	}
	e.mu.Unlock()
	for _, c := range all {
		c.close()
	}
}

// removeLingering is called when a connection is closed.
func (e *Endpoint) removeLingering(p *peer, c *conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(p.lingering, c); i >= 0 {
		p.lingering = slices.Delete(p.lingering, i, i+1)
	}
}
