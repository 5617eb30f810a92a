package dive

import (
	"context"

	"github.com/parley-dm/parley/internal/mesh"
)

// claim is a call of Claim that waits for a barrier.
type claim struct {
	user  string
	entry *entry
	done  chan struct{} // closed when err is decided
	err   error
}

func (c *claim) wire() wireClaim {
	return c.entry.wire(c.user)
}

// register enters a new login, evicts an older one on this node, and lets the claim wait for the next barrier.
func (d *Directory) register(userID, sid string) (*claim, evicted, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := Place{Node: d.mesh.Self(), SID: sid, Stamp: d.mesh.Clock().Now()}
	e := &entry{place: next}
	old := d.entries[userID]
	if old == nil {
		if err := d.mesh.Hold(userID); err != nil {
			return nil, evicted{}, err
		}
	}
	var older evicted
	switch {
	case old == nil || old.state == moved:
		d.size++
	default: // the interest is kept, and so are the finds that wait: they are the newer session's now
		older = evicted{userID: userID, sid: old.place.SID, next: next, confirmed: old.state != claiming}
		e.queue, old.queue = old.queue, nil
		d.settleLocked(old, &ReplacedError{Next: next})
	}
	d.entries[userID] = e
	c := &claim{user: userID, entry: e, done: make(chan struct{})}
	e.claim = c
	d.waiting = append(d.waiting, c)
	if !d.running {
		d.running = true
		go d.commit() // ends when no claim waits, at the latest when the mesh stops
	}

	return c, older, nil
}

// settleLocked decides the outcome of the claim that made e, if it is open.
func (d *Directory) settleLocked(e *entry, err error) {
	c := e.claim
	if c == nil {
		return
	}
	e.claim = nil
	c.err = err
	if err == nil {
		e.state = claimed
	}
	close(c.done)
}

// abandon gives a claim up that has not been decided.
func (d *Directory) abandon(c *claim, err error) {
	d.mu.Lock()
	var finds []find
	if c.entry.claim == c {
		finds = d.removeLocked(c.user, c.entry)
		d.settleLocked(c.entry, err)
	}
	d.mu.Unlock()
	d.miss(finds)
}

// commit runs barriers, one after another, each for all claims that have come meanwhile.
func (d *Directory) commit() {
	for {
		group, packet := d.nextGroup()
		if len(group) == 0 {
			return
		}
		answers, err := d.mesh.Barrier(context.Background(), mesh.PortDirectory, packet)
		if err != nil {
			for _, c := range group {
				d.abandon(c, err)
			}

			continue
		}
		newer := make(map[string]Place)
		for _, answer := range answers {
			_ = eachClaim(answer.Packet, func(w wireClaim) { // what is not readable names nobody
				place := Place{Node: answer.From, SID: w.sid, Stamp: w.stamp}
				if place.newerThan(newer[w.user]) {
					newer[w.user] = place
				}
			})
		}
		for _, c := range group {
			d.conclude(c, newer)
		}
	}
}

// nextGroup takes the claims of the next barrier: those that wait, as far as they fit into one packet.
func (d *Directory) nextGroup() (group []*claim, packet []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	packet = []byte{packetClaims}
	taken := 0
	for _, c := range d.waiting {
		if c.entry.claim == c { // not given up meanwhile
			w := c.wire()
			if len(packet)+w.size() > maxGroup {
				break
			}
			packet = w.append(packet)
			group = append(group, c)
		}
		taken++
	}
	rest := copy(d.waiting, d.waiting[taken:])
	clear(d.waiting[rest:])
	d.waiting = d.waiting[:rest]
	if len(group) == 0 {
		d.running, d.waiting = false, nil
	}

	return group, packet
}

// conclude decides a claim whose barrier has ended.
func (d *Directory) conclude(c *claim, newer map[string]Place) {
	d.mu.Lock()
	if c.entry.claim != c {
		d.mu.Unlock()

		return
	}
	next, ok := newer[c.user]
	if !ok || !next.newerThan(c.entry.place) {
		d.settleLocked(c.entry, nil)
		d.mu.Unlock()

		return
	}
	v := d.evictLocked(c.user, c.entry, next)
	d.mu.Unlock()
	v.tell(d)
}

// contest lets the claims of another node stand against the entries of this one: older entries are evicted, and
// the newer ones are returned.
func (d *Directory) contest(from mesh.NodeID, packet []byte) []wireClaim {
	var lost []evicted
	var newer []wireClaim
	d.mu.Lock()
	_ = eachClaim(packet, func(w wireClaim) { // what is not readable claims nothing
		e := d.entries[w.user]
		if e == nil || e.state == moved {
			return
		}
		place := Place{Node: from, SID: w.sid, Stamp: w.stamp}
		if place.newerThan(e.place) {
			lost = append(lost, d.evictLocked(w.user, e, place))
		} else {
			newer = append(newer, e.wire(w.user))
		}
	})
	d.mu.Unlock()
	for _, v := range lost {
		v.tell(d)
	}

	return newer
}
