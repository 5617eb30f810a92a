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

// round is one step of a run: one or two nodes have a fault, clients may be disturbed, all is
// undone, and all users must reach each other again.
type round struct {
	faults          []fault
	nodes           []*node
	nemesisInterval time.Duration // how often a client is disturbed; 0: never, and recovery times count
}

// roundSource returns a function that draws random rounds. Each fault is drawn once before any is
// drawn again.
func (r *runner) roundSource(rng *rand.Rand) func() round {
	var all, deck []fault
	reasons := map[string][]string{}
	for _, f := range faults {
		switch why := f.unavailable(r); {
		case r.o.Short && !f.short:
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
		if calm := x.faults[0].harmless; rng.IntN(2) == 0 && (!calm || !r.o.Short && rng.IntN(2) == 0) { // only without them is it clean
			x.nemesisInterval = time.Duration(1+rng.IntN(5)) * 20 * time.Second / time.Duration(len(r.users))
		}

		return x
	}
}

// runRound plays a round to its end.
func (r *runner) runRound(ctx context.Context, x round, rng *rand.Rand) error {
	troubles, stopTroubles := context.WithCancel(ctx)
	defer stopTroubles()
	var troubling sync.WaitGroup
	defer troubling.Wait()
	troubled := x.nemesisInterval > 0
	if troubled {
		n := &nemesis{r: r, rng: rand.New(rand.NewPCG(rng.Uint64(), 0))}
		troubling.Go(func() { n.run(troubles, x.nemesisInterval) })
		_ = sleep(ctx, time.Duration(rng.Int64N(int64(2*time.Second))))
	}
	var during sync.WaitGroup
	failed := make([]error, len(x.faults))
	for i, f := range x.faults {
		hold := f.min + time.Duration(rng.Int64N(int64(f.max-f.min)+1))
		alone := len(x.faults) == 1
		without := f.probeWithout && alone && !troubled
		during.Go(func() { failed[i] = r.inject(ctx, f, x.nodes[i], hold, alone, without, troubled) })
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
	r.logf("undone", "all is undone")
	took := max(r.probe(ctx, undone), r.awaitReady(ctx, undone))
	at := r.history.now()
	for _, n := range r.cluster.nodes {
		n.markHealthy(at)
	}
	r.checkProcesses()
	if len(x.faults) == 1 && !troubled {
		r.counters.addRecovery(x.faults[0].name, took)
	} else {
		r.counters.addRecovery("several faults at once, or clients in trouble", took)
	}

	return ctx.Err()
}

// inject makes one fault, and undoes it.
func (r *runner) inject(ctx context.Context, f fault, n *node, hold time.Duration, alone, without, troubled bool) error {
	r.logf("fault", "%s: %s for %v", n.name, f.name, hold)
	for _, other := range r.cluster.nodes {
		if f.wholeCluster || other == n && !f.harmless {
			other.markFaulty(r.history.now())
		}
	}
	var gone []absence
	if f.awaitNotices && alone {
		for _, u := range r.users {
			if _, s := u.current(); s != nil && s.node == n && u.claim() {
				gone = append(gone, u.startAbsence(r.users))
			}
		}
		defer endAbsences(gone)
	}
	from := r.history.now()
	undo, err := f.inject(ctx, r, n)
	if err != nil {
		return fmt.Errorf("chaos: %s: %s: %w", n.name, f.name, err)
	}
	for i := range gone {
		gone[i].at = from
		r.checkNoticeDelays(f, n, from, gone[i].awaitNotices(ctx, r.o.Within, causeKill))
	}
	_ = sleep(ctx, hold)
	if f.check != nil && alone {
		f.check(r, n)
	}
	if without {
		r.counters.addRecovery(f.name+": from the kill until all works without it", r.probe(ctx, from))
	}
	if err := undo(); err != nil {
		return fmt.Errorf("chaos: %s: %s: %w", n.name, f.name, err)
	}
	if f.harmless && alone && !troubled {
		r.mu.Lock()
		r.harmlessSpans = append(r.harmlessSpans, span{from, r.history.now()})
		r.mu.Unlock()
	}
	r.logf("undone", "%s: %s", n.name, f.name)

	return nil
}

// checkNoticeDelays checks how long the notices of a node's end took. Times in which the network
// did not run do not count.
func (r *runner) checkNoticeDelays(f fault, n *node, from moment, took []time.Duration) {
	count, bound, late := &r.counters.killNotices, r.o.KillNotice, lateKillNotice
	if f.silent {
		count, bound, late = &r.counters.vanishNotices, r.o.VanishNotice, lateVanishNotice
	}
	count.add(took...)
	for _, d := range took {
		if d-r.lag.during(from, from.add(d)) > bound {
			r.history.violated(violation{rule: late, text: fmt.Sprintf("%s: notice after %v, the bound is %v", n.name, d, bound)})
		}
	}
}

// endAbsences ends absences.
func endAbsences(gone []absence) {
	for _, a := range gone {
		a.user.endAbsence()
		a.user.release()
	}
}

// probe sends messages from every user to two others until one of each has been acknowledged and
// has arrived, and returns how long that took from some moment on.
func (r *runner) probe(ctx context.Context, from moment) time.Duration {
	ctx, cancel := context.WithTimeoutCause(ctx, r.o.Within, errNoOutcome)
	defer cancel()
	var all sync.WaitGroup
	n := len(r.users)
	for i, u := range r.users {
		for _, peer := range []*user{r.users[(i+1)%n], r.users[(i+n/2)%n]} {
			all.Go(func() { r.probeOne(ctx, u, peer) })
		}
	}
	all.Wait()

	return r.history.now().since(from)
}

func (r *runner) probeOne(ctx context.Context, u, peer *user) {
	last := "nothing"
	f := r.history.flow(u, peer)
	for sleep(ctx, 20*time.Millisecond) == nil {
		ended := make(chan outcome, 1)
		number := 0
		u.send(r.sendCtx, peer, 0, func(n int, end outcome) { //nolint:contextcheck // a message is not given up because the probe is
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
			if f.wasHandedOver(number) {
				return
			}
			_ = sleep(ctx, 5*time.Millisecond)
		}
		last = "acknowledged, and not there"
	}
	if context.Cause(ctx) == errNoOutcome { //nolint:errorlint // it is the very one
		_, s := u.current()
		_, t := peer.current()
		r.history.violated(violation{rule: notRecovered, text: fmt.Sprintf("%s cannot reach %s: %s; %v; %v", u.id, peer.id, last, s.record(), t.record())})
	}
}

// checkProcesses looks for nodes that ended by themselves.
func (r *runner) checkProcesses() {
	for _, n := range r.cluster.nodes {
		if n.exitedUnexpectedly() {
			r.history.violated(violation{rule: nodeFailure, text: n.name + " has ended by itself; its log ends with " + n.process.tail()})
		}
	}
}
