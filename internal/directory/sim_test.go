package directory

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/testkit"
)

var simulate = flag.Bool("sim", false, "TestSimulatedClusters prints the table of large clusters: go test ./internal/directory -run TestSimulatedClusters -v -args -sim")

const (
	simUsers  = 100_000_000 // of the cluster
	simSample = 500_000     // sessions, and entries, of the node that is measured, at most
	simDelay  = time.Millisecond
	simNotice = 50 * time.Millisecond // within which nodes learn of a death
)

// simOne measures one node of a cluster of n: its sessions and its entries, a join and a death.
func simOne(n int) (scale float64, join, enter, death *cost) {
	ids := simIDs(n)
	s := newSimCore(ids[0])
	c := s.core
	c.viewChanged(simView(ids[:n]))
	for c.work(slice) {
	}
	s.agree()
	users := min(simUsers/n, simSample)
	for i := range users {
		x := c.claim(fmt.Sprintf("user-%09d", i), sidOf(i), s.now(), &call{})
		m := message{kind: kindConfirm, num: c.num, stamp: x.stamp, sid: x.sid, user: x.user, owned: true}
		if x.owner != c.me {
			c.handle(x.owner, &m)
		}
		c.finish()
	}
	for i := range users { // whose owner need not be this node: it takes all registrations
		m := message{kind: kindRegister, sid: sidOf(i), stamp: 1, user: fmt.Sprintf("other-%09d", i), owned: true}
		c.register(c.peer(ids[1+i%(n-1)]), &m)
	}
	joiner := ids[n]
	join = s.measure(func() { c.linked(joiner) })
	enter = s.measure(func() { c.viewChanged(simView(ids)) })
	s.agree()
	gone := slices.Delete(slices.Clone(ids), 1, 2)
	death = s.measure(func() { c.nodeDown(ids[1], simView(gone)) })

	return float64(simUsers/n) / float64(users), join, enter, death
}

// simWaits tells how long "not found" takes at rest, around a join and around a death. A claim
// waits the same: for the view to settle.
func simWaits(n int) (rest, join, death time.Duration) {
	ids := simIDs(n)
	w := &simNet{cores: make(map[node.ID]*simCore), asked: make(map[uint64]time.Duration)}
	for _, id := range ids[:n] {
		w.add(id)
	}
	for _, id := range ids[:n] {
		w.cores[id].core.viewChanged(simView(ids[:n]))
		w.cores[id].idle()
	}
	const second = time.Second
	w.run(second)
	phase := func(live []node.ID) time.Duration {
		w.waits = nil
		w.ask(live, w.now, w.now+200*time.Millisecond)
		w.run(w.now + second)
		if len(w.asked) > 0 {
			panic(fmt.Sprint(len(w.asked), " lookups without an answer"))
		}

		return slices.Max(w.waits)
	}
	rest = phase(ids[:n])
	x := w.add(ids[n])
	for i, id := range ids[:n] {
		w.cores[id].core.linked(ids[n])
		w.later = append(w.later, simEvent{w.now + 10*time.Millisecond + simDelay, func() {
			w.cores[ids[i]].core.viewChanged(simView(ids))
			w.cores[ids[i]].idle()
		}})
	}
	w.later = append(w.later, simEvent{w.now + 10*time.Millisecond, func() { x.core.viewChanged(simView(ids)); x.idle() }})
	join = phase(ids[:n])
	gone := slices.Delete(slices.Clone(ids), 1, 2)
	w.cores[ids[1]] = nil
	for _, id := range gone {
		w.later = append(w.later, simEvent{w.now + time.Duration(rand.Int64N(int64(simNotice))), func() {
			w.cores[id].core.nodeDown(ids[1], simView(gone))
			w.cores[id].idle()
		}})
	}
	death = phase(gone)

	return rest, join, death
}

func TestSimulatedClusters(t *testing.T) {
	sizes := []int{10, 50, 100, 200}
	if !*simulate {
		if testkit.Race || testing.Short() {
			t.Skip("slow")
		}
		if rest, join, death := simWaits(10); rest != 2*simDelay || join > 20*simDelay || death > simNotice+20*simDelay {
			t.Errorf("waits: %v at rest, %v at a join, %v at a death", rest, join, death)
		}

		return
	}
	var b strings.Builder
	b.WriteString(`100,000,000 users in all; one node measured with the sessions and entries of its share, or 500,000 of each where the
share is larger: then counts, bytes and totals are multiplied (column *scale*). All else is measured on real cores; waits
in virtual time, with 1 ms for each packet, nodes that learn of a death within 50 ms, and no time for computing: add the column
*total* of the event. Bytes are those that one node sends. A slice is what is done under the lock at once, 1,000 steps; times are
processor time.

| nodes | scale | entries a node | event | registered | unregistered | bytes | slice p50 | p99 | max | total | "not found" and claims wait at most |
|---|---|---|---|---|---|---|---|---|---|---|---|
`)
	for _, n := range sizes {
		scale, join, enter, death := simOne(n)
		rest, joinWait, deathWait := simWaits(n)
		row := func(event string, c *cost, wait string) {
			by := func(x int) int { return int(float64(x) * scale) }
			fmt.Fprintf(&b, "| %d | %.0f | %d | %s | %d | %d | %d KB | %v | %v | %v | %v | %s |\n", n, scale, simUsers/n, event,
				by(c.registered), by(c.unregistered), by(c.bytes)/1000, c.quantile(0.5).Round(time.Microsecond),
				c.quantile(0.99).Round(time.Microsecond), c.quantile(1).Round(time.Microsecond),
				time.Duration(float64(c.total())*scale).Round(time.Millisecond), wait)
		}
		row("a joiner links", join, fmt.Sprintf("%v (rest)", rest))
		row("it enters", enter, joinWait.Round(time.Millisecond).String())
		row("a member dies or leaves", death, deathWait.Round(time.Millisecond).String())
	}
	fmt.Println(b.String())
}
