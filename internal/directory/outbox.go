package directory

import (
	"errors"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

type callbackKind uint8

const (
	callEvict callbackKind = iota
	callReclaimed
	callLocated
	callNotFound
	callLookupFailed
)

// callback is a call of Sessions or Asker that is due.
type callback struct {
	kind    callbackKind
	token   uint64
	session *session
	place   node.Place
}

// call is a Claim that waits for its decision.
type call struct {
	done  chan struct{} // closed under the lock
	stamp node.Stamp
	err   error
}

// port is what the core sees of the directory. Its methods run under the lock.
type port Directory

func (d *port) leased() bool         { return d.links.Leased() }
func (d *port) now() node.Stamp      { return d.clock.Now() }
func (d *port) observe(s node.Stamp) { d.clock.Observe(s) }

func (d *port) decided(s *session, err error) {
	c := s.x.call
	c.stamp, c.err = s.stamp, err
	close(c.done)
}

func (d *port) evict(s *session, next node.Place) {
	d.outbox = append(d.outbox, callback{kind: callEvict, session: s, place: next})
}

func (d *port) reclaimed() { d.outbox = append(d.outbox, callback{kind: callReclaimed}) }

func (d *port) located(token uint64, at node.Place) {
	d.outbox = append(d.outbox, callback{kind: callLocated, token: token, place: at})
}

func (d *port) notFound(token uint64) {
	d.outbox = append(d.outbox, callback{kind: callNotFound, token: token})
}

func (d *port) lookupFailed(token uint64) {
	d.outbox = append(d.outbox, callback{kind: callLookupFailed, token: token})
}

// endEvent ends an event of the locked directory: it runs the callbacks that the event has caused,
// without the lock, or leaves them to the goroutine that is running some, and unlocks. A small rest
// of work is done at once, more on a goroutine. The batches are taken as those of a session's
// effects are, in endEvent of dm/internal/runtime: a change of one is due in the other.
func (d *Directory) endEvent() {
	if !d.working && d.core.busy() {
		if d.core.work(slice) {
			d.working = true
			go d.work()
		}
	}
	if !d.ticking && d.waitingLocked() {
		d.ticking = true
		time.AfterFunc(d.every, d.tick)
	}
	if d.draining || len(d.outbox) == 0 {
		d.mu.Unlock()

		return
	}
	d.draining = true
	for len(d.outbox) > 0 {
		batch := d.outbox
		d.outbox, d.spare = d.spare[:0], nil
		d.mu.Unlock()
		for i := range batch {
			d.call(&batch[i])
		}
		clear(batch)
		d.mu.Lock()
		if cap(batch) <= maxSpare {
			d.spare = batch[:0]
		}
		if !d.working && d.core.busy() { // an eviction may have caused some
			d.working = d.core.work(slice)
			if d.working {
				go d.work()
			}
		}
	}
	d.draining = false
	d.mu.Unlock()
}

// maxSpare bounds the buffer of callbacks that is kept.
const maxSpare = 256

func (d *Directory) call(c *callback) {
	switch c.kind {
	case callEvict:
		epoch := d.sessions.Evict(c.session.user, c.session.sid, c.place)
		d.mu.Lock()
		d.core.evicted(c.session, node.Stamp(epoch))
		d.core.finish()
		d.mu.Unlock()
	case callReclaimed:
		d.sessions.Reclaimed()
	case callLocated:
		d.asker.Located(c.token, c.place)
	case callNotFound:
		d.asker.NotFound(c.token)
	case callLookupFailed:
		d.asker.LookupFailed(c.token)
	}
}

// work does what is left, a slice at a time.
func (d *Directory) work() {
	for {
		d.mu.Lock()
		more := d.core.work(slice)
		d.working = more
		d.endEvent()
		if !more {
			return
		}
	}
}

// waitingLocked tells whether ticks are needed.
func (d *Directory) waitingLocked() bool { return !d.core.idle() || len(d.backlog) > 0 }

func (d *Directory) tick() {
	d.mu.Lock()
	d.resendLocked()
	d.core.tick()
	if d.ticking = d.waitingLocked(); d.ticking {
		time.AfterFunc(d.every, d.tick)
	}
	d.endEvent()
}

// backlog holds packets for a link whose queue was full, in order. It is bounded by what this node
// has to register, and ends with the link.
type backlog struct {
	packets [][]byte
}

// send gives a packet to the link, behind those that had no room.
func (d *port) send(to *peer, packet []byte) {
	b := d.backlog[to]
	if b == nil {
		switch err := d.links.Send(to.id, packet); {
		case err == nil:
			return
		case !errors.Is(err, node.ErrOverloaded):
			d.dropped++

			return
		}
		b = &backlog{}
		d.backlog[to] = b
	}
	d.delayed++
	b.packets = append(b.packets, append([]byte(nil), packet...))
}

func (d *Directory) resendLocked() {
	for p, b := range d.backlog {
		for len(b.packets) > 0 && !p.gone && !errors.Is(d.links.Send(p.id, b.packets[0]), node.ErrOverloaded) {
			b.packets[0] = nil
			b.packets = b.packets[1:]
		}
		if p.gone || len(b.packets) == 0 {
			delete(d.backlog, p)
		}
	}
}
