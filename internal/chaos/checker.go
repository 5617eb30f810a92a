package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/parley-dm/parley/wire"
)

// rule is something that must not happen.
type rule string

const (
	lost        rule = "acknowledged, and never received by a session that lived and read"
	twice       rule = "received twice"
	reordered   rule = "received out of order"
	noOutcome   rule = "requests without any outcome"
	strange     rule = "handed over, and never sent or never on the wire"
	notHandedOn rule = "on the wire, and not handed over by the client"
	missed      rule = "user not found, who was connected"
	untold      rule = "peers that were not told that somebody had gone"
	mistold     rule = "peers told that somebody had gone who had not"
	twoSessions rule = "users with two sessions"
	notHealed   rule = "pairs that did not work again in time"
	nodeTrouble rule = "nodes that ended, panicked, raced, or did not drain"
	linkless    rule = "pairs of nodes that never had a link"
	unclean     rule = "messages that failed while only gossip, connections or strangers' bytes were amiss"
	lateKill    rule = "peers told too late of the users of a killed process"
	lateVanish  rule = "peers told too late of the users of a machine that vanished"
	notReady    rule = "nodes that were not ready again in time"
	overlapping rule = "nodes that stepped out, or did not, against the rule"
	islands     rule = "starts of six nodes that did not become one cluster"
	inClear     rule = "user IDs, texts or secrets in clear between nodes"
	learned     rule = "user IDs, texts or secrets that strangers were told"
	blind       rule = "searches that would have found nothing in clear either"
)

var rules = []rule{
	lost, twice, reordered, noOutcome, missed, untold, mistold, twoSessions, notHandedOn, strange, unclean, lateKill, lateVanish,
	notHealed, notReady, overlapping, islands, nodeTrouble, linkless, inClear, learned, blind,
}

// wrong is a violation of a rule.
type wrong struct {
	rule rule
	at   moment
	text string
}

// check looks at everything that is known, once the run is over.
func (r *runner) check() *Report {
	j := &checker{
		r:        r,
		report:   &Report{o: r.o, machine: machine(), rules: map[rule]int{}, taken: map[fate]int{}},
		sessions: map[*user][]record{},
	}
	for _, p := range r.users {
		for _, s := range p.sessions {
			j.sessions[p] = append(j.sessions[p], s.record())
		}
		slices.SortStableFunc(j.sessions[p], func(a, b record) int { return cmp.Compare(a.dialed, b.dialed) })
	}
	j.logs() // says when nodes were not well
	r.lag.excuse(r.cluster.nodes)
	for _, f := range r.history.flows {
		for number := range f.ops {
			j.op(f, number)
		}
		j.order(f)
		for _, number := range f.strange {
			j.wrong(strange, f, number, "handed over more often than it came")
		}
	}
	for _, p := range r.users {
		for _, n := range p.notices {
			j.notice(p, n)
		}
	}
	j.network()
	for _, w := range r.history.wrongs {
		j.add(w)
	}
	j.report.gather(r)

	return j.report
}

type checker struct {
	r        *runner
	report   *Report
	sessions map[*user][]record
}

func (j *checker) add(w wrong) {
	j.report.rules[w.rule]++
	if j.report.rules[w.rule] <= shown {
		j.report.wrongs = append(j.report.wrongs, w)
	}
}

// shown is how many violations of a rule are told in full.
const shown = 3

func (j *checker) wrong(rule rule, f *flow, number int, text string) {
	if j.report.rules[rule] < shown {
		text += "\n" + j.excerpt(f, number)
	}
	j.add(wrong{rule, f.ops[number].sent, text})
}

// op judges one message.
func (j *checker) op(f *flow, number int) {
	x := &f.ops[number]
	j.report.outcomes[x.outcome]++
	if x.came > 0 {
		j.report.received++
	}
	switch {
	case x.outcome == pending || x.outcome == silence:
		j.wrong(noOutcome, f, number, "no outcome")
	case x.came > 0 && x.handed == 0:
		j.unhanded(f, number)
	case x.outcome == delivered && x.came == 0:
		if why, ok := j.excuse(f.to, x); ok {
			j.report.taken[why]++
		} else {
			j.wrong(lost, f, number, "acknowledged and lost")
		}
	case x.outcome == notFound && j.reachable(f, x):
		j.wrong(missed, f, number, "not found")
	case j.mustArrive(f, x):
		j.wrong(unclean, f, number, x.outcome.String())
	}
	if x.came > 1 {
		j.wrong(twice, f, number, "came twice")
	}
}

// unhanded judges a message that came in and was not given to the client's callback. That is right
// if the client closes, which drops what waits for callbacks, or has given the connection up when
// the message comes: what is read then, perhaps up to the server's goodbye, is lost.
func (j *checker) unhanded(f *flow, number int) {
	s := f.ops[number].by.record()
	var at moment
	for _, a := range f.arrivals {
		if a.number == number {
			at = a.at
		}
	}
	readByClient := at < s.ended && (s.parted || at.add(time.Second) < s.ended)
	switch {
	case s.fate != fateClose && !s.silent && readByClient:
		j.wrong(notHandedOn, f, number, "came and was not handed over")
	case f.ops[number].outcome == delivered:
		j.report.taken[s.fate]++
	}
}

// excuse tells why a message that was acknowledged may have been lost: the operating system of the
// node had it for a connection that then died before the client had read it. The connection is one
// that may have been there for the node while the message was on its way, did not end with a
// goodbye (which is read last), and of which the client has not read anything that was sent later.
func (j *checker) excuse(p *user, x *op) (fate, bool) {
	for _, s := range j.sessions[p] {
		if s.dialed > x.done || s.parted || s.proven >= x.done || s.ended == forever {
			continue
		}
		if s.ended.add(j.afterlife(s)) >= x.sent {
			return s.fate, true
		}
	}

	return "", false
}

// afterlife is how long a node may go on to take a session for alive that has ended for its client.
func (j *checker) afterlife(s record) time.Duration {
	d := 3 * time.Second
	switch s.fate {
	case fateKill:
		d = time.Second / 2
	case fateGhost, fateStall:
		d = 3 * heartbeat
	default:
	}
	if !s.session.node.healthy(s.ended, s.ended.add(d)) && s.fate != fateKill {
		d = patience
	}

	return d
}

// reachable tells whether the recipient was connected to a node in good order all the while that a
// message was on its way, and the sender too.
func (j *checker) reachable(f *flow, x *op) bool {
	var newest *record
	for i, s := range j.sessions[f.to] {
		if s.opened != never && s.opened < x.sent && (newest == nil || s.rank > newest.rank) {
			newest = &j.sessions[f.to][i]
		}
	}
	if newest == nil || x.via == nil || newest.ended < x.done.add(time.Second) || newest.fate == fateGhost || newest.fate == fateStall {
		return false
	}

	return newest.session.node.healthy(x.sent, x.done) && x.via.node.healthy(x.sent, x.done)
}

// mustArrive tells whether a message that did not arrive was sent while nothing was amiss that may
// keep it from arriving, and both users stayed where they were.
func (j *checker) mustArrive(f *flow, x *op) bool {
	switch x.outcome {
	case delivered, recipientBusy, overloaded, unsent:
		return false
	default:
	}
	for _, c := range j.r.clean {
		if c.from <= x.sent && x.sent <= c.to {
			return j.reachable(f, x) && x.via.record().ended > x.done
		}
	}

	return false
}

// order judges whether messages arrived in the order in which they were sent: on each connection,
// and from each session of the recipient to the next.
func (j *checker) order(f *flow) {
	ranks := map[*session]int{}
	for _, s := range j.sessions[f.to] {
		ranks[s.session] = s.rank
	}
	arrivals := slices.Clone(f.arrivals)
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return cmp.Compare(ranks[a.session], ranks[b.session]) })
	last := -1
	for _, a := range arrivals {
		if a.number < last {
			j.wrong(reordered, f, a.number, fmt.Sprintf("number %d came after number %d", a.number, last))
		}
		last = max(last, a.number)
	}
}

// notice judges whether there was a reason to tell a user that a peer had gone.
func (j *checker) notice(p *user, n notice) {
	const before = 15 * time.Second // what happened earlier is known everywhere
	var there bool
	for _, s := range j.sessions[n.of] {
		switch {
		case s.ended < n.at && s.ended.add(before) > n.at && (!s.parted || s.goodbye != wire.GoodbyeReplaced):
			return
		case s.ended > n.at && s.dialed < n.at.add(time.Second) && s.ended < n.at.add(time.Second), s.fate == fateGhost, s.fate == fateStall:
			return
		case s.opened != never && s.opened.add(time.Second) < n.at && s.ended > n.at.add(time.Second):
			there = s.session.node.healthy(n.at.add(-before), n.at)
		}
	}
	for _, s := range j.sessions[p] {
		if s.opened < n.at && s.ended > n.at.add(-time.Second) && !s.session.node.healthy(n.at.add(-before), n.at) {
			return
		}
	}
	if there {
		text := fmt.Sprintf("%s was told that %s had gone", p.id, n.of.id)
		if j.report.rules[mistold] < shown {
			text += "\n" + j.around(n.at.add(-before), n.at.add(time.Second), p, n.of)
		}
		j.add(wrong{mistold, n.at, text})
	}
}
