package directory

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

var simulate = flag.Bool("sim", false, "TestSimulatedClusters prints the table of large clusters: go test ./internal/directory -run TestSimulatedClusters -v -args -sim")

const (
	simUsers  = 100_000_000 // of the cluster
	simSample = 500_000     // sessions, and entries, of the node that is measured, at most
	simDelay  = time.Millisecond
	simNotice = 50 * time.Millisecond // within which nodes learn of a death
)

// simCore is one real core whose packets are counted, or handed on.
type simCore struct {
	core         *core
	clock        node.Clock
	out          func(to node.ID, packet []byte)
	answered     func(token uint64)
	packets      int
	bytes        int
	registered   int
	unregistered int
}

func newSimCore(id node.ID) *simCore {
	s := &simCore{}
	s.core = newCore(id, s, 1<<20, 1<<20)

	return s
}

func (s *simCore) send(to *peer, packet []byte) {
	s.packets++
	s.bytes += len(packet)
	if s.out != nil {
		s.out(to.id, packet)
	}
	if k := kind(packet[0]); k.batched() {
		var m message
		for rest, err := packet[1:], error(nil); len(rest) > 0 && err == nil; {
			if rest, err = m.decode(k, rest); k == kindRegister {
				s.registered++
			} else {
				s.unregistered++
			}
		}
	}
}

func (s *simCore) leased() bool               { return true }
func (s *simCore) now() node.Stamp            { return s.clock.Now() }
func (s *simCore) observe(t node.Stamp)       { s.clock.Observe(t) }
func (s *simCore) decided(*session, error)    {}
func (s *simCore) evict(*session, node.Place) {}
func (s *simCore) reclaimed()                 {}

func (s *simCore) located(token uint64, _ node.Place) { s.notFound(token) }
func (s *simCore) lookupFailed(token uint64)          { s.notFound(token) }
func (s *simCore) notFound(token uint64) {
	if s.answered != nil {
		s.answered(token)
	}
}

func simIDs(n int) (ids []node.ID) {
	for i := range n + 1 { // one to join
		ids = append(ids, node.ID{Name: fmt.Sprintf("node-%03d", i), Incarnation: mix(uint64(i) + 1)})
	}

	return ids
}

func simView(ids []node.ID) []node.ID {
	v := slices.Clone(ids)
	slices.SortFunc(v, node.ID.Compare)

	return v
}

// agree lets all other members announce the core's view.
func (s *simCore) agree() {
	for _, p := range s.core.members {
		if p != s.core.me {
			said := message{kind: kindAnnounce, num: p.seen + 1, echo: s.core.num, view: s.core.view}
			_ = s.core.packet(p.id, said.append([]byte{byte(kindAnnounce)}))
		}
	}
	for s.core.work(slice) {
	}
}

// cost is what an event has cost the node that is measured.
type cost struct {
	packets, bytes, registered, unregistered int
	slices                                   []time.Duration
}

func (c *cost) total() (sum time.Duration) {
	for _, d := range c.slices {
		sum += d
	}

	return sum
}

func (c *cost) quantile(q float64) time.Duration {
	if len(c.slices) == 0 {
		return 0
	}
	slices.Sort(c.slices)

	return c.slices[int(q*float64(len(c.slices)-1))]
}

func (s *simCore) measure(event func()) *cost {
	packets, bytes, registered, unregistered := s.packets, s.bytes, s.registered, s.unregistered
	c := &cost{}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for more := true; more; {
		start := threadTime()
		if event != nil {
			event()
			event = nil
		} else {
			more = s.core.work(slice)
		}
		c.slices = append(c.slices, threadTime()-start)
	}
	c.packets, c.bytes = s.packets-packets, s.bytes-bytes
	c.registered, c.unregistered = s.registered-registered, s.unregistered-unregistered

	return c
}

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

// simNet is a whole cluster of real cores with few users, in virtual time: each packet takes
// simDelay.
type simNet struct {
	now   time.Duration
	cores map[node.ID]*simCore
	queue []simEvent // in order of time
	later []simEvent // in order of time
	asked map[uint64]time.Duration
	waits []time.Duration
}

type simEvent struct {
	at time.Duration
	do func()
}

// run does all events until then. Packets are in order as they are; other events are sorted.
func (w *simNet) run(until time.Duration) {
	slices.SortStableFunc(w.later, func(a, b simEvent) int { return int(a.at - b.at) })
	for {
		var e simEvent
		switch {
		case len(w.queue) > 0 && (len(w.later) == 0 || w.queue[0].at <= w.later[0].at):
			e, w.queue = w.queue[0], w.queue[1:]
		case len(w.later) > 0:
			e, w.later = w.later[0], w.later[1:]
		default:
			w.now = until

			return
		}
		if w.now = e.at; w.now > until {
			return
		}
		e.do()
	}
}

func (w *simNet) add(id node.ID) *simCore {
	s := newSimCore(id)
	s.out = func(to node.ID, packet []byte) {
		b := slices.Clone(packet)
		w.queue = append(w.queue, simEvent{w.now + simDelay, func() {
			if t := w.cores[to]; t != nil && w.cores[id] != nil {
				_ = t.core.packet(id, b)
				t.idle()
			}
		}})
	}
	s.answered = func(token uint64) {
		w.waits = append(w.waits, w.now-w.asked[token])
		delete(w.asked, token)
	}
	w.cores[id] = s

	return s
}

func (s *simCore) idle() {
	for s.core.work(slice) {
	}
}

// ask makes each of some nodes look up users that are not there, each millisecond for that long.
func (w *simNet) ask(ids []node.ID, from, until time.Duration) {
	for at := from; at < until; at += time.Millisecond {
		w.later = append(w.later, simEvent{at, func() {
			for range 10 {
				token := tokens.Add(1)
				if s := w.cores[ids[rand.IntN(len(ids))]]; s != nil {
					w.asked[token] = w.now
					s.core.lookup(fmt.Sprint("nobody", token), token)
					s.idle()
				}
			}
		}})
	}
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
		if raceDetector || testing.Short() {
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
