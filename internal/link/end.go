package link

import (
	"slices"
	"time"
)

// partTime bounds how long a connection says goodbye.
const partTime = time.Second

// end ends a link for a reason that still holds when the handler is out of it. Goodbye: the other
// side is told, behind all packets. When it returns, LinkDown has.
func (e *Endpoint) end(l *Link, reason error, goodbye bool, still func() bool) {
	l.peer.lock()
	defer l.peer.unlock()
	if still == nil || still() {
		e.endHeld(l, reason, goodbye)
	}
}

// endHeld is end for the holder of the peer's order.
func (e *Endpoint) endHeld(l *Link, reason error, goodbye bool) {
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
		l.peer.parting = append(l.peer.parting, c)
		e.mu.Unlock()
		c.linger(partTime)
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
	e.editLinks(nil, l)
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

// cutPartings ends the connections that say goodbye.
func (e *Endpoint) cutPartings() {
	var all []*conn
	e.mu.Lock()
	for _, p := range e.peers {
		all = append(all, p.parting...)
	}
	e.mu.Unlock()
	for _, c := range all {
		c.close()
	}
}

// parted is called when a connection is closed.
func (e *Endpoint) parted(p *peer, c *conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(p.parting, c); i >= 0 {
		p.parting = slices.Delete(p.parting, i, i+1)
	}
}
