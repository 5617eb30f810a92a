package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-dm/parley"
)

// runner is one run.
type runner struct {
	o       Options
	cluster *cluster
	ledger  *ledger
	persons []*person
	sending context.Context //nolint:containedctx // of all requests: it outlives the faults and ends with the run
	count   counters

	mu     sync.Mutex
	ghosts []*tapped // guarded by mu
}

// friendsEach is how many others a user writes to.
const friendsEach = 6

// Run makes a run and judges it. The error says why there was none; what the run found is in the report. When it returns, all processes
// and namespaces that it made are gone.
func Run(ctx context.Context, o Options) (*Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	var net network = &loopback{}
	if o.Namespaces {
		own, err := newNamespaces(o.Nodes + 1)
		if err != nil {
			fmt.Fprintf(o.Out, "skipped: nodes that are cut off from each other, and lost packets: %v\n", err)
		} else {
			net = own
		}
	}
	r := &runner{o: o, cluster: newCluster(&o, net)}
	fmt.Fprintf(o.Out, "seed %d: %d nodes%s, %d clients, %d messages/s, faults for %v; logs in %s\n",
		o.Seed, o.Nodes, o.kind(), o.Clients, o.Rate, o.Time, o.Dir)
	err = r.run(ctx)
	r.cluster.end()
	for _, g := range r.ghosts {
		g.bury()
	}
	err = errors.Join(err, net.close())
	if err != nil {
		return nil, err
	}

	return r.judge(), nil
}

func (r *runner) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := r.populate(); err != nil {
		return err
	}
	if err := r.cluster.start(ctx); err != nil {
		return err
	}
	defer r.hangUp()
	if err := r.loginAll(ctx); err != nil {
		return err
	}
	r.sending = ctx
	var keepers, talkers sync.WaitGroup
	defer keepers.Wait()
	keeping, stopKeeping := context.WithCancel(ctx)
	defer stopKeeping()
	talking, stopTalking := context.WithCancel(ctx)
	defer talkers.Wait()
	defer stopTalking()
	for _, p := range r.persons {
		keepers.Go(func() { p.keep(keeping) })
		talkers.Go(func() { p.chatter(talking, ctx, float64(r.o.Rate)/float64(len(r.persons))) })
	}
	rng := rand.New(rand.NewPCG(r.o.Seed, 1))
	deal := r.deal(rng)
	for from := r.ledger.now(); r.ledger.now().since(from) < r.o.Time; r.count.rounds++ {
		if err := r.play(ctx, deal(), rng); err != nil {
			return err
		}
	}
	stopTalking()
	talkers.Wait()
	for _, p := range r.persons {
		p.flying.Wait()
	}
	r.probe(ctx, r.ledger.now()) // whoever lives has read everything that was sent before
	stopKeeping()
	keepers.Wait()
	r.checkProcesses()
	r.checkSessions()
	r.hangUp()
	r.drainAll()

	return ctx.Err()
}

// populate makes the users, their tokens and their friends.
func (r *runner) populate() error {
	keyring, err := parley.New(parley.Config{AuthKey: authKey})
	if err != nil {
		return err
	}
	for i := range r.o.Clients {
		p := newPerson(i, r.o.Seed, r.cluster)
		if p.token, err = keyring.Token(p.id); err != nil {
			return err
		}
		p.home = i % r.o.Nodes
		r.persons = append(r.persons, p)
	}
	r.ledger = newLedger(r.persons)
	for _, p := range r.persons {
		p.ledger = r.ledger
		for len(p.friends) < friendsEach {
			if q := r.persons[p.rng.IntN(len(r.persons))]; q != p {
				p.friends = append(p.friends, q)
			}
		}
	}

	return nil
}

func (r *runner) loginAll(ctx context.Context) error {
	const atOnce = 32
	var all sync.WaitGroup
	room := make(chan struct{}, atOnce)
	errs := make([]error, len(r.persons))
	for i, p := range r.persons {
		room <- struct{}{}
		all.Go(func() {
			errs[i] = p.login(ctx)
			<-room
		})
	}
	all.Wait()

	return errors.Join(errs...)
}

// hangUp closes all clients.
func (r *runner) hangUp() {
	var all sync.WaitGroup
	for _, p := range r.persons {
		p.back()
		if c, s := p.current(); c != nil {
			all.Go(func() {
				if s != nil {
					s.doom(fateClose)
				}
				_ = c.Close()
				p.flying.Wait()
			})
		}
	}
	all.Wait()
}

// drainAll ends the nodes as an operator does.
func (r *runner) drainAll() {
	if !signals {
		return
	}
	var all sync.WaitGroup
	for _, n := range r.cluster.nodes {
		all.Go(func() {
			if err := n.drain(); err != nil {
				r.ledger.violation(wrong{rule: nodeTrouble, text: err.Error()})
			}
		})
	}
	all.Wait()
}

// checkSessions looks for users with two sessions, now that nobody is in trouble.
func (r *runner) checkSessions() {
	for _, p := range r.persons {
		p.mu.Lock()
		var alive []record
		for _, s := range p.sessions {
			if s.alive() {
				alive = append(alive, s.record())
			}
		}
		p.mu.Unlock()
		if len(alive) > 1 {
			r.ledger.violation(wrong{rule: twoSessions, text: fmt.Sprint(alive)})
		}
	}
}

// counters is what is measured on the way.
type counters struct {
	rounds   int
	killed   times // from the kill of a node to the notice at a peer
	left     times // from a cut connection to it
	vanished times // from a client that vanished to it

	mu         sync.Mutex
	recoveries map[string]*times // guarded by mu: by fault
}

func (c *counters) recovery(what string, took time.Duration) {
	c.mu.Lock()
	t := c.recoveries[what]
	if t == nil {
		if c.recoveries == nil {
			c.recoveries = map[string]*times{}
		}
		t = &times{}
		c.recoveries[what] = t
	}
	c.mu.Unlock()
	t.add(took)
}
