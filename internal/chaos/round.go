package chaos

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// round is what the run is made of: one or two nodes have a fault, clients have troubles, all is
// undone, and everything must work again.
type round struct {
	faults  []fault
	nodes   []*node
	nemesis time.Duration // how often a client has trouble; 0: none has, and times are taken
}

// deal makes rounds by chance, without end. Each fault comes once before any comes again.
func (r *runner) deal(rng *rand.Rand) func() round {
	var all, deck []fault
	reasons := map[string][]string{}
	for _, f := range faults {
		switch why := f.needs(r); {
		case r.o.Short && !f.telling:
		case why != "":
			reasons[why] = append(reasons[why], f.name)
		default:
			all = append(all, f)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		r.skipped = append(r.skipped, fmt.Sprintf("%s: %s", strings.Join(reasons[why], "; "), why))
	}
	draw := func() fault {
		if len(deck) == 0 {
			deck = slices.Clone(all)
			rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		f := deck[0]
		deck = deck[1:]

		return f
	}

	return func() (x round) {
		victims := rng.Perm(len(r.cluster.nodes))
		x.faults, x.nodes = []fault{draw()}, []*node{r.cluster.nodes[victims[0]]}
		if !r.o.Short && rng.IntN(4) == 0 {
			x.faults, x.nodes = append(x.faults, draw()), append(x.nodes, r.cluster.nodes[victims[1]])
		}
		if calm := x.faults[0].clean; rng.IntN(2) == 0 && (!calm || !r.o.Short && rng.IntN(2) == 0) { // only without them is it clean
			x.nemesis = time.Duration(1+rng.IntN(5)) * 20 * time.Second / time.Duration(len(r.users))
		}

		return x
	}
}

// play plays a round to its end.
func (r *runner) play(ctx context.Context, x round, rng *rand.Rand) error {
	troubles, stopTroubles := context.WithCancel(ctx)
	defer stopTroubles()
	var troubling sync.WaitGroup
	defer troubling.Wait()
	troubled := x.nemesis > 0
	if troubled {
		t := &nemesis{r: r, rng: rand.New(rand.NewPCG(rng.Uint64(), 0))}
		troubling.Go(func() { t.run(troubles, x.nemesis) })
		_ = sleep(ctx, time.Duration(rng.Int64N(int64(2*time.Second))))
	}
	var during sync.WaitGroup
	failed := make([]error, len(x.faults))
	for i, f := range x.faults {
		hold := f.min + time.Duration(rng.Int64N(int64(f.max-f.min)+1))
		alone := len(x.faults) == 1
		without := f.without && alone && !troubled
		during.Go(func() { failed[i] = r.befall(ctx, f, x.nodes[i], hold, alone, without, troubled) })
	}
	during.Wait()
	undone := r.history.now()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	stopTroubles()
	troubling.Wait()
	r.happensf("undone", "all is undone")
	took := max(r.probe(ctx, undone), r.awaitReady(ctx, undone))
	at := r.history.now()
	for _, n := range r.cluster.nodes {
		n.recover(at)
	}
	r.checkProcesses()
	if len(x.faults) == 1 && !troubled {
		r.count.recovery(x.faults[0].name, took)
	} else {
		r.count.recovery("several faults at once, or clients in trouble", took)
	}

	return ctx.Err()
}

// befall makes one fault, and undoes it.
func (r *runner) befall(ctx context.Context, f fault, n *node, hold time.Duration, alone, without, troubled bool) error {
	r.happensf("fault", "%s: %s for %v", n.name, f.name, hold)
	for _, other := range r.cluster.nodes {
		if f.all || other == n && !f.clean {
			other.sicken(r.history.now())
		}
	}
	var gone []absence
	if f.watched && alone {
		for _, p := range r.users {
			if _, s := p.current(); s != nil && s.node == n && p.trouble() {
				gone = append(gone, p.leave(r.users))
			}
		}
		defer allBack(gone)
	}
	from := r.history.now()
	undo, err := f.make(ctx, r, n)
	if err != nil {
		return fmt.Errorf("chaos: %s: %s: %w", n.name, f.name, err)
	}
	for i := range gone {
		gone[i].at = from
		r.told(f, n, from, gone[i].await(ctx, r.o.Within, fateKill))
	}
	_ = sleep(ctx, hold)
	if f.check != nil && alone {
		f.check(r, n)
	}
	if without {
		r.count.recovery(f.name+": from the kill until all works without it", r.probe(ctx, from))
	}
	if err := undo(); err != nil {
		return fmt.Errorf("chaos: %s: %s: %w", n.name, f.name, err)
	}
	if f.clean && alone && !troubled {
		r.mu.Lock()
		r.clean = append(r.clean, span{from, r.history.now()})
		r.mu.Unlock()
	}
	r.happensf("undone", "%s: %s", n.name, f.name)

	return nil
}

// told judges how long peers of a node's users took to hear of its end. Times in which the network did
// not run do not count.
func (r *runner) told(f fault, n *node, from moment, took []time.Duration) {
	count, bound, late := &r.count.killed, r.o.KillNotice, lateKill
	if f.vanishes {
		count, bound, late = &r.count.gone, r.o.VanishNotice, lateVanish
	}
	count.add(took...)
	for _, d := range took {
		if d-r.lag.within(from, from.add(d)) > bound {
			r.history.violation(wrong{rule: late, text: fmt.Sprintf("%s: a peer was told after %v, and must be within %v", n.name, d, bound)})
		}
	}
}

// allBack ends absences.
func allBack(gone []absence) {
	for _, a := range gone {
		a.who.back()
		a.who.calm()
	}
}

// probe sends messages from every user to two others until one of each has been acknowledged and
// has arrived, and returns how long that took from some moment on.
func (r *runner) probe(ctx context.Context, from moment) time.Duration {
	ctx, cancel := context.WithTimeoutCause(ctx, r.o.Within, errImpatient)
	defer cancel()
	var all sync.WaitGroup
	n := len(r.users)
	for i, p := range r.users {
		for _, q := range []*user{r.users[(i+1)%n], r.users[(i+n/2)%n]} {
			all.Go(func() { r.probeOne(ctx, p, q) })
		}
	}
	all.Wait()

	return r.history.now().since(from)
}

func (r *runner) probeOne(ctx context.Context, p, q *user) {
	last := "nothing"
	f := r.history.flow(p, q)
	for sleep(ctx, 20*time.Millisecond) == nil {
		ended := make(chan outcome, 1)
		number := 0
		p.send(r.sending, q, 0, func(n int, end outcome) { //nolint:contextcheck // a message is not given up because the probe is
			number = n
			ended <- end
		})
		select {
		case end := <-ended:
			last = end.String()
			if end != delivered {
				continue
			}
		case <-ctx.Done():
			continue
		}
		for range 400 { // the callback comes a moment after
			if f.handedOver(number) {
				return
			}
			_ = sleep(ctx, 5*time.Millisecond)
		}
		last = "acknowledged, and not there"
	}
	if context.Cause(ctx) == errImpatient { //nolint:errorlint // it is the very one
		_, s := p.current()
		_, t := q.current()
		r.history.violation(wrong{rule: notHealed, text: fmt.Sprintf("%s cannot reach %s: %s; %v; %v", p.id, q.id, last, s.record(), t.record())})
	}
}

// checkProcesses looks for nodes that ended by themselves.
func (r *runner) checkProcesses() {
	for _, n := range r.cluster.nodes {
		if n.ended() {
			r.history.violation(wrong{rule: nodeTrouble, text: n.name + " has ended by itself; its log ends with " + n.process.tail()})
		}
	}
}
