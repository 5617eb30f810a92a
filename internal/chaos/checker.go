package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/parley-dm/parley/wire"
)

// check judges the whole history, once the run is over.
func (r *runner) check() *Report {
	c := &checker{
		r:        r,
		report:   &Report{o: r.o, machine: machine(), rules: map[rule]int{}, unread: map[endCause]int{}},
		sessions: map[*user][]record{},
	}
	for _, u := range r.users {
		for _, s := range u.sessions {
			c.sessions[u] = append(c.sessions[u], s.record())
		}
		slices.SortStableFunc(c.sessions[u], func(a, b record) int { return cmp.Compare(a.dialed, b.dialed) })
	}
	c.checkLogs() // marks nodes as faulty, so it comes first
	r.lag.markFaulty(r.cluster.nodes)
	for _, f := range r.history.flows {
		for number := range f.ops {
			c.checkOp(f, number)
		}
		c.checkOrder(f)
		for _, number := range f.unexpected {
			c.violated(unexpected, f, number, "handed over more often than it came")
		}
	}
	for _, u := range r.users {
		for _, n := range u.notices {
			c.checkNotice(u, n)
		}
	}
	c.checkNetwork()
	for _, w := range r.history.violations {
		c.add(w)
	}
	c.report.gather(r)

	return c.report
}

type checker struct {
	r        *runner
	report   *Report
	sessions map[*user][]record
}

func (c *checker) add(w violation) {
	c.report.rules[w.rule]++
	if c.report.rules[w.rule] <= maxShown {
		c.report.violations = append(c.report.violations, w)
	}
}

// maxShown is how many violations of a rule are printed in full.
const maxShown = 3

func (c *checker) violated(rule rule, f *flow, number int, text string) {
	if c.report.rules[rule] < maxShown {
		text += "\n" + c.excerpt(f, number)
	}
	c.add(violation{rule, f.ops[number].sent, text})
}

// checkOp judges one message.
func (c *checker) checkOp(f *flow, number int) {
	x := &f.ops[number]
	c.report.outcomes[x.outcome]++
	if x.received > 0 {
		c.report.received++
	}
	switch {
	case x.outcome == pending || x.outcome == noResponse:
		c.violated(noOutcome, f, number, "no outcome")
	case x.received > 0 && x.handedOver == 0:
		c.checkNotHandedOver(f, number)
	case x.outcome == delivered && x.received == 0:
		if why, ok := c.lossExcuse(f.to, x); ok {
			c.report.unread[why]++
		} else {
			c.violated(lost, f, number, "acknowledged and lost")
		}
	case x.outcome == notFound && c.reachable(f, x):
		c.violated(falseNotFound, f, number, "not found")
	case c.mustArrive(f, x):
		c.violated(failedMessage, f, number, x.outcome.String())
	}
	if x.received > 1 {
		c.violated(duplicated, f, number, "came twice")
	}
}

// checkNotHandedOver checks a message that was read and not given to the client's callback. A
// client drops such messages when it closes, or after it has given up the connection, even if it
// still reads up to the server's goodbye.
func (c *checker) checkNotHandedOver(f *flow, number int) {
	s := f.ops[number].receivedOn.record()
	var at moment
	for _, a := range f.arrivals {
		if a.number == number {
			at = a.at
		}
	}
	readByClient := at < s.ended && (s.gotGoodbye || at.add(time.Second) < s.ended)
	switch {
	case s.cause != causeClose && !s.wentSilent && readByClient:
		c.violated(notHandedOver, f, number, "came and was not handed over")
	case f.ops[number].outcome == delivered:
		c.report.unread[s.cause]++
	}
}

// lossExcuse returns why an acknowledged message may have been lost: the operating system of the
// node had it for a connection that then died before the client had read it. The connection is one
// that may have been there for the node while the message was on its way, did not end with a
// goodbye (which is read last), and of which the client has not read anything that was sent later.
func (c *checker) lossExcuse(u *user, x *op) (endCause, bool) {
	for _, s := range c.sessions[u] {
		if s.dialed > x.done || s.gotGoodbye || s.readUntil >= x.done || s.ended == forever {
			continue
		}
		if s.ended.add(c.detectionTime(s)) >= x.sent {
			return s.cause, true
		}
	}

	return "", false
}

// detectionTime is how long a node may treat a session as alive after it has ended for the client.
func (c *checker) detectionTime(s record) time.Duration {
	d := 3 * time.Second
	switch s.cause {
	case causeKill:
		d = time.Second / 2
	case causeVanish, causeStall:
		d = 3 * heartbeat
	default:
	}
	if !s.session.node.healthy(s.ended, s.ended.add(d)) && s.cause != causeKill {
		d = sendTimeout
	}

	return d
}

// reachable reports whether sender and recipient were connected to healthy nodes from the sending
// of a message to its outcome.
func (c *checker) reachable(f *flow, x *op) bool {
	var newest *record
	for i, s := range c.sessions[f.to] {
		if s.opened != never && s.opened < x.sent && (newest == nil || s.rank > newest.rank) {
			newest = &c.sessions[f.to][i]
		}
	}
	if newest == nil || x.sentOn == nil || newest.ended < x.done.add(time.Second) || newest.cause == causeVanish || newest.cause == causeStall {
		return false
	}

	return newest.session.node.healthy(x.sent, x.done) && x.sentOn.node.healthy(x.sent, x.done)
}

// mustArrive reports whether a message that did not arrive was sent during a harmless fault, while
// both users stayed connected.
func (c *checker) mustArrive(f *flow, x *op) bool {
	switch x.outcome {
	case delivered, recipientBusy, overloaded, unsent:
		return false
	default:
	}
	for _, s := range c.r.harmlessSpans {
		if s.from <= x.sent && x.sent <= s.to {
			return c.reachable(f, x) && x.sentOn.record().ended > x.done
		}
	}

	return false
}

// checkOrder checks that messages arrived in the order in which they were sent: on each connection,
// and from each session of the recipient to the next.
func (c *checker) checkOrder(f *flow) {
	ranks := map[*session]int{}
	for _, s := range c.sessions[f.to] {
		ranks[s.session] = s.rank
	}
	arrivals := slices.Clone(f.arrivals)
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return cmp.Compare(ranks[a.session], ranks[b.session]) })
	last := -1
	for _, a := range arrivals {
		if a.number < last {
			c.violated(reordered, f, a.number, fmt.Sprintf("number %d came after number %d", a.number, last))
		}
		last = max(last, a.number)
	}
}

// checkNotice checks that a disconnect notice had a cause.
func (c *checker) checkNotice(u *user, n notice) {
	const before = 15 * time.Second // what happened earlier is known everywhere
	var there bool
	for _, s := range c.sessions[n.peer] {
		switch {
		case s.ended < n.at && s.ended.add(before) > n.at && (!s.gotGoodbye || s.goodbye != wire.GoodbyeReplaced):
			return
		case s.ended > n.at && s.dialed < n.at.add(time.Second) && s.ended < n.at.add(time.Second), s.cause == causeVanish, s.cause == causeStall:
			return
		case s.opened != never && s.opened.add(time.Second) < n.at && s.ended > n.at.add(time.Second):
			there = s.session.node.healthy(n.at.add(-before), n.at)
		}
	}
	for _, s := range c.sessions[u] {
		if s.opened < n.at && s.ended > n.at.add(-time.Second) && !s.session.node.healthy(n.at.add(-before), n.at) {
			return
		}
	}
	if there {
		text := fmt.Sprintf("%s was told that %s had gone", u.id, n.peer.id)
		if c.report.rules[falseNotice] < maxShown {
			text += "\n" + c.timeline(n.at.add(-before), n.at.add(time.Second), u, n.peer)
		}
		c.add(violation{falseNotice, n.at, text})
	}
}
