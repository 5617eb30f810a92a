package directory

import (
	"slices"

	"github.com/parley-dm/parley/internal/node"
)

// request is a claim or a lookup that waits at the owner.
type request struct {
	from  *peer
	user  string
	sid   node.SID
	stamp node.Stamp
	view  uint64
	token uint64
	num   uint32
	until uint32 // ticks
	kind  kind
	again bool
	owned bool

	arrival element[request] // in core.requests
	lookup  element[request] // in its queue's lookups
}

// queue holds the waiting requests of one user.
type queue struct {
	user    string
	claims  []*request // by arrival
	lookups list[request]
	top     node.Stamp // newest stamp that is evicted for a claim that waits
	pass    uint32     // the last pass that has settled it
}

// requestList is the list of all requests.
type requestList struct {
	list[request]

	pass  uint32 // counts the passes
	again bool   // another pass is due after this one
}

// void tells whether a request is not wanted any more: its link has ended, or its sender has
// announced a newer view and asks again.
func (c *core) void(r *request) bool {
	return r.from.gone || c.rules.tidy && r.num < r.from.seen
}

// settled tells whether all members have announced this view, and this node has registered its
// sessions.
func (c *core) settled() bool {
	return c.view != 0 && !c.jobs.registering && (c.agree == len(c.members)-1 || !c.rules.settled)
}

// mayDecide tells whether this owner may confirm and deny.
func (c *core) mayDecide() bool {
	return c.settled() && (!c.rules.lease || c.fx.leased())
}

func (c *core) decidable(r *request) bool {
	return r.view == c.view || !c.rules.reqView
}

// request handles a claim or a lookup: most are decided at once.
func (c *core) request(from *peer, m *message) {
	r := request{
		from: from, user: m.user, sid: m.sid, stamp: m.stamp, view: m.view, token: m.token, num: m.num, kind: m.kind, again: m.again, owned: m.owned,
	}
	q := c.waits[m.user]
	if m.kind == kindLookup {
		c.stats.lookups++
		if e := c.best(m.user); e != nil {
			c.post(from, &message{kind: kindFound, token: m.token, next: e.holder.id, at: e.sid})

			return
		}
		if (q == nil || len(q.claims) == 0) && c.decidable(&r) && c.mayDecide() {
			c.post(from, &message{kind: kindNotFound, token: m.token})

			return
		}
		c.enqueue(q, r)

		return
	}
	c.stats.claims++
	if q != nil {
		if i := slices.IndexFunc(q.claims, func(o *request) bool { return o.from == from }); i >= 0 {
			c.discard(q, q.claims[i]) // one session for each user and node
			q = c.waits[m.user]
		}
	}
	if q == nil && c.decidable(&r) && c.mayDecide() && c.onlyOwn(from, m.user) {
		c.resolve(&r, nil)

		return
	}
	c.enqueue(q, r)
	if q = c.waits[m.user]; q != nil {
		c.settle(q)
	}
}

// onlyOwn tells whether no other node has an entry of the user.
func (c *core) onlyOwn(holder *peer, user string) bool {
	e := c.index[user]

	return e == nil || e.holder == holder && e.next == nil
}

// enqueue makes a request wait, if there is room.
func (c *core) enqueue(q *queue, asked request) {
	share := max(c.maxWaiting/max(len(c.members), 1), 1)
	if c.waiting >= c.maxWaiting || asked.from.waiting >= share {
		c.stats.overflows++
		c.refuse(&asked)

		return
	}
	kept := asked
	r := &kept
	if q == nil {
		q = &queue{}
		if q.user = r.user; !r.owned {
			q.user = (&message{user: r.user}).retained()
		}
		c.waits[q.user] = q
	}
	r.user, r.owned = q.user, true
	r.until = c.ticks + c.patience + 1
	c.waiting++
	r.from.waiting++
	c.requests.push(&r.arrival, r)
	if r.kind == kindClaim {
		q.claims = append(q.claims, r)

		return
	}
	q.lookups.push(&r.lookup, r)
}

// refuse answers a request that cannot be decided in time.
func (c *core) refuse(r *request) {
	if r.kind == kindLookup {
		c.post(r.from, &message{kind: kindFailed, token: r.token, num: r.num})

		return
	}
	c.post(r.from, &message{kind: kindRefuse, num: r.num, sid: r.sid, user: r.user, owned: r.owned})
}

// discard takes a request out of its queue, and the queue away if it is empty.
func (c *core) discard(q *queue, r *request) {
	if r.kind == kindClaim {
		i := slices.Index(q.claims, r)
		q.claims = slices.Delete(q.claims, i, i+1)
	} else {
		q.lookups.remove(&r.lookup)
	}
	c.dequeued(r)
	c.shed(q)
}

func (c *core) dequeued(r *request) {
	c.requests.remove(&r.arrival)
	c.waiting--
	r.from.waiting--
}

// shed forgets a queue that is empty.
func (c *core) shed(q *queue) {
	if q.lookups.first == nil && len(q.claims) == 0 && c.waits[q.user] == q {
		delete(c.waits, q.user)
	}
}

// settle decides what can be decided of a user's requests: claims by arrival, then lookups.
func (c *core) settle(q *queue) {
	for i := 0; i < len(q.claims); {
		r := q.claims[i]
		switch {
		case c.void(r):
		case !c.decidable(r) || !c.mayDecide() || c.resolve(r, q) == claimPending:
			i++

			continue
		default:
			q.top = 0
		}
		q.claims = slices.Delete(q.claims, i, i+1)
		c.dequeued(r)
		i = 0 // a confirmed session is in the way of the others
	}
	c.settleLookups(q)
	c.shed(q)
}

func (c *core) settleLookups(q *queue) {
	if q.lookups.first == nil {
		return
	}
	best, may := c.best(q.user), false
	if best == nil && len(q.claims) == 0 {
		may = c.mayDecide()
	}
	for e := q.lookups.first; e != nil; e = e.next {
		r := e.of
		switch {
		case c.void(r):
		case best != nil:
			c.post(r.from, &message{kind: kindFound, token: r.token, next: best.holder.id, at: best.sid})
		case may && c.decidable(r):
			c.post(r.from, &message{kind: kindNotFound, token: r.token})
		default:
			continue
		}
		q.lookups.remove(&r.lookup)
		c.dequeued(r)
	}
}
