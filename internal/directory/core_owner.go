package directory

import (
	"cmp"

	"github.com/parley-dm/parley/internal/node"
)

// entry is one session of a user, registered here by the node that has it.
type entry struct {
	user     string
	sid      node.SID
	stamp    node.Stamp
	holder   *peer
	next     *entry // of the same user, with another holder
	pos      uint32 // in holder.entries
	eviction reason // why its holder has been asked to evict it
}

// reason is why a session is evicted.
type reason uint8

const (
	none       reason = iota
	byLogin           // a newer login waits for it
	byConflict        // a newer session was registered: halves of a cluster have met
)

// newer orders the sessions of a user; of equal stamps the SID decides.
func (e *entry) newer(f *entry) bool {
	return cmp.Or(cmp.Compare(e.stamp, f.stamp), e.sid.Compare(f.sid)) > 0
}

// best is the user's newest entry, nil if there is none.
func (c *core) best(user string) (best *entry) {
	for e := c.index[user]; e != nil; e = e.next {
		if !e.holder.gone && (best == nil || e.newer(best)) {
			best = e
		}
	}

	return best
}

// entryOf is the user's entry of that holder.
func (c *core) entryOf(user string, holder *peer) *entry {
	e := c.index[user]
	for e != nil && e.holder != holder {
		e = e.next
	}

	return e
}

// put makes the session its holder's entry of the user.
func (c *core) put(holder *peer, m *message) *entry {
	e := c.entryOf(m.user, holder)
	if e == nil {
		e = &entry{next: c.index[m.user], holder: holder, pos: uint32(len(holder.entries))}
		if e.next != nil {
			e.user = e.next.user
		} else {
			e.user = m.retained()
		}
		holder.entries = append(holder.entries, e)
		c.entries++
		c.index[e.user] = e
	}
	if e.sid != m.sid {
		e.sid, e.eviction = m.sid, none
	}
	e.stamp = m.stamp

	return e
}

// drop removes an entry.
func (c *core) drop(e *entry) {
	if first := c.index[e.user]; first == e {
		if e.next == nil {
			delete(c.index, e.user)
		} else {
			c.index[e.user] = e.next
		}
	} else {
		for first.next != e {
			first = first.next
		}
		first.next = e.next
	}
	list := e.holder.entries
	last := list[len(list)-1]
	list[e.pos], last.pos = last, e.pos
	list[len(list)-1] = nil
	e.holder.entries = list[:len(list)-1]
	c.entries--
}

// register handles a registration. Of two sessions of a user, from halves of a cluster that have
// met, the older is evicted.
func (c *core) register(from *peer, m *message) {
	e := c.put(from, m)
	c.stats.registered++
	if c.index[e.user].next != nil {
		best := c.best(e.user)
		for f := c.index[e.user]; f != nil; f = f.next {
			if f != best && !f.holder.gone {
				c.evictEntry(f, best.holder.id, best.sid, byConflict)
			}
		}
	}
	if q := c.waits[e.user]; q != nil {
		c.settle(q)
	}
}

func (c *core) evictEntry(e *entry, next node.ID, at node.SID, why reason) {
	if e.eviction != none {
		return
	}
	e.eviction = why
	c.stats.evictions++
	c.post(e.holder, &message{kind: kindEvict, sid: e.sid, next: next, at: at, user: e.user, owned: true})
}

// unregister handles the end of a session, or of its claim: of "unregister" and "evicted".
func (c *core) unregister(from *peer, m *message) {
	if e := c.entryOf(m.user, from); e != nil && e.sid == m.sid {
		if m.stamp < e.stamp && c.rules.bump { // a claim given up: later stamps are above this one's all the same
			m.stamp = e.stamp
		}
		c.drop(e)
	}
	c.raise(m)
	q := c.waits[m.user]
	if q == nil {
		return
	}
	for _, r := range q.claims {
		if r.from == from && r.sid == m.sid {
			c.discard(q, r)

			break
		}
	}
	c.settle(q)
}

// raise remembers an epoch that the stamp of the user's next login has to be above. The clock
// remembers it, unless it is too far ahead.
func (c *core) raise(m *message) {
	if m.stamp == 0 || !c.rules.evEpoch {
		return
	}
	c.fx.observe(m.stamp)
	if c.fx.now() > m.stamp {
		return
	}
	const maxFloors = 1 << 14
	if _, ok := c.floors[m.user]; !ok && len(c.floors) >= maxFloors {
		c.floor = max(c.floor, m.stamp)

		return
	}
	c.floors[m.retained()] = max(c.floors[m.user], m.stamp)
}

// above is a stamp for a login that is above all that it has to be above.
func (c *core) above(r *request, q *queue) node.Stamp {
	stamp := r.stamp
	if !c.rules.bump || r.again {
		return stamp
	}
	if c.rules.evEpoch {
		stamp = max(stamp, c.fx.now(), c.floor+1, c.floors[r.user]+1)
	}
	if q != nil {
		stamp = max(stamp, q.top+1)
	}
	if e := c.entryOf(r.user, r.from); e != nil {
		stamp = max(stamp, e.stamp+1)
	}

	return stamp
}

// claimOutcome is what resolve made of a claim.
type claimOutcome uint8

const (
	claimPending  claimOutcome = iota // until the older sessions have been evicted
	claimReplaced                     // a newer session stands
	claimConfirmed
)

// resolve decides a claim in a settled view: it evicts older sessions elsewhere, and confirms when
// there is none.
func (c *core) resolve(r *request, q *queue) claimOutcome {
	free := true
	for e := c.index[r.user]; e != nil; e = e.next {
		if e.holder.gone || e.holder == r.from {
			continue
		}
		if e.stamp > r.stamp && (!c.rules.bump || r.again) || r.again && c.rules.yield {
			c.post(r.from, &message{kind: kindReplaced, sid: r.sid, next: e.holder.id, at: e.sid, user: r.user, owned: r.owned})

			return claimReplaced
		}
		free = false
	}
	if !free {
		for e := c.index[r.user]; e != nil; e = e.next {
			if !e.holder.gone && e.holder != r.from {
				c.evictEntry(e, r.from.id, r.sid, byLogin)
				if q != nil {
					q.top = max(q.top, e.stamp)
				}
			}
		}
		if c.rules.evict {
			return claimPending
		}
	}
	m := message{kind: kindConfirm, num: r.num, stamp: c.above(r, q), sid: r.sid, user: r.user, owned: r.owned}
	e := c.put(r.from, &m)
	if floor, ok := c.floors[r.user]; ok && c.fx.now() > floor { // otherwise it is needed if this session is lost with its node
		delete(c.floors, r.user)
	}
	m.user, m.owned = e.user, true
	c.post(r.from, &m)

	return claimConfirmed
}
