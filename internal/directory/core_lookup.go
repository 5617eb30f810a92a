package directory

import "github.com/parley-dm/parley/internal/node"

// lookup is a lookup of this node that has no answer yet.
type lookup struct {
	token uint64
	user  string
	hash  uint64
	num   uint32          // of the view in which it was sent
	until uint32          // ticks
	place element[lookup] // in core.asked, or in core.spare
}

// lookup asks where the user is. A session on this node is the answer, without a packet.
func (c *core) lookup(user string, token uint64) {
	defer c.finish()
	if s := c.sessions[user]; s != nil && c.stands(s) {
		c.fx.located(token, node.Place{Node: c.me.id, SID: s.sid})

		return
	}
	if old := c.lookups[token]; old != nil {
		c.forget(old)
	}
	var l *lookup
	if e := c.spare.first; e != nil {
		c.spare.remove(e)
		l = e.of
	} else {
		l = &lookup{}
	}
	*l = lookup{token: token, user: user, hash: hashUser(user), until: c.ticks + c.patience + 1}
	c.lookups[token] = l
	c.asked.push(&l.place, l)
	c.ask(l)
}

// ask sends a lookup to the owner of the present view.
func (c *core) ask(l *lookup) {
	o := c.ownerOf(l.hash)
	if o == nil {
		return
	}
	l.num = c.num
	c.post(o, &message{kind: kindLookup, token: l.token, num: c.num, view: c.view, user: l.user, owned: true})
}

// forget takes a lookup out.
func (c *core) forget(l *lookup) {
	delete(c.lookups, l.token)
	c.asked.remove(&l.place)
	*l = lookup{}
	c.spare.push(&l.place, l)
}

// answered handles an owner's answer to a lookup.
func (c *core) answered(m *message) {
	l := c.lookups[m.token]
	if l == nil || m.kind == kindFailed && m.num != l.num {
		return
	}
	c.forget(l)
	switch m.kind {
	case kindFound:
		c.fx.located(m.token, c.placeOf(m))
	case kindNotFound:
		c.fx.notFound(m.token)
	default:
		c.stats.failed++
		c.fx.lookupFailed(m.token)
	}
}

// cancel forgets a lookup.
func (c *core) cancel(token uint64) {
	if l := c.lookups[token]; l != nil {
		c.forget(l)
	}
}
