package directory

// tick counts time: requests and lookups that have waited for too long are refused.
func (c *core) tick() {
	defer c.finish()
	c.ticks++
	for e := c.requests.first; e != nil && int32(c.ticks-e.of.until) >= 0; e = c.requests.first {
		r := e.of
		if !c.void(r) {
			c.stats.expired++
			c.refuse(r)
		}
		c.discard(c.waits[r.user], r)
	}
	for e := c.asked.first; e != nil && int32(c.ticks-e.of.until) >= 0; e = c.asked.first {
		token := e.of.token
		c.forget(e.of)
		c.stats.failed++
		c.fx.lookupFailed(token)
	}
	if c.jobs.retry {
		c.jobs.retry, c.jobs.reclaim = false, len(c.claiming)
	}
	c.recheck()
}

// recheck begins a pass through all requests that wait: decisions have become possible.
func (c *core) recheck() {
	if c.waiting > 0 && c.settled() {
		c.requests.pass++
		c.requests.cursor = c.requests.first
	}
}

// sweep begins a pass that throws void requests away, unless one is under way: then it is the next.
func (c *core) sweep() {
	if c.requests.again = c.requests.cursor != nil; !c.requests.again {
		c.requests.pass++
		c.requests.cursor = c.requests.first
	}
}

// stepRequests does a step of the pass.
func (c *core) stepRequests() {
	l := &c.requests
	e := l.cursor
	l.cursor = e.next
	if q := c.waits[e.of.user]; q.pass != l.pass {
		q.pass = l.pass
		c.settle(q)
	}
	if l.cursor == nil && l.again {
		c.sweep()
	}
}

// idle tells whether no tick is needed.
func (c *core) idle() bool {
	return c.waiting == 0 && len(c.lookups) == 0 && !c.jobs.retry
}
