package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// round is what the run is made of: one or two nodes have a fault, clients have troubles, all is undone, and everything
// must work again.
type round struct {
	faults []fault
	nodes  []*node
	pest   time.Duration // how often a client has trouble; 0: none has, and times are taken
}

// deal makes rounds by chance, without end. Each fault comes once before any comes again.
func (r *runner) deal(rng *rand.Rand) func() round {
	var deck []fault
	draw := func() fault {
		if len(deck) == 0 {
			for _, f := range faults {
				if f.needs(r) {
					deck = append(deck, f)
				}
			}
			rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		f := deck[0]
		deck = deck[1:]

		return f
	}

	return func() (x round) {
		victims := rng.Perm(len(r.cluster.nodes))
		x.faults, x.nodes = []fault{draw()}, []*node{r.cluster.nodes[victims[0]]}
		if rng.IntN(4) == 0 {
			x.faults, x.nodes = append(x.faults, draw()), append(x.nodes, r.cluster.nodes[victims[1]])
		}
		if rng.IntN(2) == 0 {
			x.pest = time.Duration(1+rng.IntN(5)) * 20 * time.Second / time.Duration(len(r.persons))
		}

		return x
	}
}

// play plays a round to its end.
func (r *runner) play(ctx context.Context, x round, rng *rand.Rand) error {
	pests, stopPest := context.WithCancel(ctx)
	defer stopPest()
	var pestering sync.WaitGroup
	defer pestering.Wait()
	troubled := x.pest > 0
	if troubled {
		t := &pest{r: r, rng: rand.New(rand.NewPCG(rng.Uint64(), 0))}
		pestering.Go(func() { t.run(pests, x.pest) })
		_ = sleep(ctx, time.Duration(rng.Int64N(int64(2*time.Second))))
	}
	var during sync.WaitGroup
	failed := make([]error, len(x.faults))
	for i, f := range x.faults {
		hold := f.min + time.Duration(rng.Int64N(int64(f.max-f.min)+1))
		alone := len(x.faults) == 1
		without := f.without && alone && !troubled
		during.Go(func() { failed[i] = r.befall(ctx, f, x.nodes[i], hold, alone, without) })
	}
	during.Wait()
	undone := r.ledger.now()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	stopPest()
	pestering.Wait()
	r.happensf("undone", "all is undone")
	took := r.probe(ctx, undone)
	at := r.ledger.now()
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
func (r *runner) befall(ctx context.Context, f fault, n *node, hold time.Duration, alone, without bool) error {
	r.happensf("fault", "%s: %s for %v", n.name, f.name, hold)
	for _, other := range r.cluster.nodes {
		if f.all || other == n && !f.none {
			other.sicken(r.ledger.now())
		}
	}
	var gone []absence
	if f.watched && alone {
		for _, p := range r.persons {
			if _, s := p.current(); s != nil && s.node == n && p.trouble() {
				gone = append(gone, p.leave(r.persons))
			}
		}
		defer allBack(gone)
	}
	from := r.ledger.now()
	undo, err := f.make(ctx, r, n)
	if err != nil {
		return fmt.Errorf("chaos: %s: %s: %w", n.name, f.name, err)
	}
	for i := range gone {
		gone[i].at = from
		r.count.killed.add(gone[i].await(ctx, r.o.Within, fateKill)...)
	}
	_ = sleep(ctx, hold)
	if without {
		r.count.recovery(f.name+": from the kill until all works without it", r.probe(ctx, from))
	}
	if err := undo(); err != nil {
		return fmt.Errorf("chaos: %s: %s: %w", n.name, f.name, err)
	}
	r.happensf("undone", "%s: %s", n.name, f.name)

	return nil
}

// allBack ends absences.
func allBack(gone []absence) {
	for _, a := range gone {
		a.who.back()
		a.who.calm()
	}
}

// probe sends messages from every user to two others until one of each has been acknowledged and has arrived, and returns how long that took
// from some moment on.
func (r *runner) probe(ctx context.Context, from moment) time.Duration {
	ctx, cancel := context.WithTimeoutCause(ctx, r.o.Within, errImpatient)
	defer cancel()
	var all sync.WaitGroup
	n := len(r.persons)
	for i, p := range r.persons {
		for _, q := range []*person{r.persons[(i+1)%n], r.persons[(i+n/2)%n]} {
			all.Go(func() { r.probeOne(ctx, p, q) })
		}
	}
	all.Wait()

	return r.ledger.now().since(from)
}

func (r *runner) probeOne(ctx context.Context, p, q *person) {
	last := "nothing"
	f := r.ledger.flow(p, q)
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
		r.ledger.violation(wrong{rule: notHealed, text: fmt.Sprintf("%s cannot reach %s: %s; %v; %v", p.id, q.id, last, s.record(), t.record())})
	}
}

// checkProcesses looks for nodes that ended by themselves.
func (r *runner) checkProcesses() {
	if e := r.cluster.engine; e != nil && e.process.hasExited() {
		r.ledger.violation(wrong{rule: nodeTrouble, text: "the NATS server has ended by itself; its log ends with " + e.process.tail()})
	}
	for _, n := range r.cluster.nodes {
		if n.ended() {
			r.ledger.violation(wrong{rule: nodeTrouble, text: n.name + " has ended by itself; its log ends with " + n.process.tail()})
		}
	}
}
