package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/parley-dm/parley"
)

// runner is one run of chaos.
type runner struct {
	o        Options
	cluster  *cluster
	history  *history
	users    []*user
	sendCtx  context.Context //nolint:containedctx // of all requests: it outlives the faults and ends with the run
	counters counters
	skipped  []string // faults, and why

	lag       lag
	impostors *impostors // at addresses that nodes are told to join

	mu            sync.Mutex
	vanishedConns []*recordingConn // guarded by mu
	harmlessSpans []span           // guarded by mu: when nothing may fail
}

// needles must not cross between nodes in clear, nor be told to outsiders.
var needles = []string{messageMarker, userIDMarker, clusterSecret, authKey}

// recipientsPerUser is how many others a user writes to.
const recipientsPerUser = 6

// Run makes a run and judges it. The error says why there was none; what the run found is in the
// report. When it returns, all processes and namespaces that it made are gone.
func Run(ctx context.Context, o Options) (*Report, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	var net network = &loopback{}
	if o.Namespaces {
		own, err := newTunnels(max(o.Nodes, formationSize), o.Dir, o.Seed, needles...)
		if err != nil {
			fmt.Fprintf(o.Out, "no network of its own, which needs root on Linux, and /dev/net/tun: %v\n", err)
		} else {
			net = own
		}
	}
	r := &runner{o: o, cluster: newCluster(&o, net)}
	if r.impostors, err = newImpostors(net, needles...); err != nil {
		return nil, errors.Join(err, net.close())
	}
	fmt.Fprintf(o.Out, "seed %d: %d nodes, %d clients, %d messages/s, faults for %v; logs in %s\n",
		o.Seed, o.Nodes, o.Clients, o.Rate, o.Time, o.Dir)
	err = r.run(ctx)
	r.cluster.kill()
	r.impostors.close()
	for _, g := range r.vanishedConns {
		g.closeVanished()
	}
	err = errors.Join(err, net.close())
	if err != nil {
		return nil, err
	}

	return r.check(), nil
}

func (r *runner) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := r.createUsers(); err != nil { //nolint:contextcheck // it only reads files
		return err
	}
	if err := r.formClusters(ctx); err != nil {
		return err
	}
	if err := r.cluster.start(ctx); err != nil {
		return err
	}
	var watching sync.WaitGroup
	defer watching.Wait()
	watched, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	watching.Go(func() { r.cluster.watchReadiness(watched) })
	watching.Go(func() {
		if err := r.lag.watch(watched, r.cluster.network, r.history.now); err != nil && watched.Err() == nil {
			r.history.violated(violation{rule: searchBroken, text: fmt.Sprintf("the network's lag is not measured: %v", err)})
		}
	})
	defer r.closeClients()
	if err := r.loginAll(ctx); err != nil {
		return err
	}
	r.sendCtx = ctx
	var keepers, talkers sync.WaitGroup
	defer keepers.Wait()
	keeping, stopKeeping := context.WithCancel(ctx)
	defer stopKeeping()
	talking, stopTalking := context.WithCancel(ctx)
	defer talkers.Wait()
	defer stopTalking()
	for _, u := range r.users {
		keepers.Go(func() { u.keepLoggedIn(keeping) })
		talkers.Go(func() { u.sendTraffic(talking, ctx, float64(r.o.Rate)/float64(len(r.users))) })
	}
	rng := rand.New(rand.NewPCG(r.o.Seed, 1))
	deal := r.roundSource(rng)
	for from := r.history.now(); r.history.now().since(from) < r.o.Time; r.counters.rounds++ {
		if err := r.runRound(ctx, deal(), rng); err != nil {
			return err
		}
	}
	stopTalking()
	talkers.Wait()
	for _, u := range r.users {
		u.inflight.Wait()
	}
	r.probe(ctx, r.history.now()) // sessions that live have read all that was sent before
	stopKeeping()
	keepers.Wait()
	r.checkProcesses()
	r.checkSessions()
	r.closeClients()
	r.drainAll()

	return ctx.Err()
}

// createUsers makes the users, their tokens and their friends.
func (r *runner) createUsers() error {
	keyring, err := parley.New(parley.Config{AuthKey: authKey})
	if err != nil {
		return err
	}
	for i := range r.o.Clients {
		u := newUser(i, r.o.Seed, r.cluster)
		if u.token, err = keyring.Token(u.id); err != nil {
			return err
		}
		u.preferredNode = i % r.o.Nodes
		r.users = append(r.users, u)
	}
	r.history = newHistory(r.users)
	for _, u := range r.users {
		u.history = r.history
		for len(u.recipients) < recipientsPerUser {
			if peer := r.users[u.rng.IntN(len(r.users))]; peer != u {
				u.recipients = append(u.recipients, peer)
			}
		}
	}

	return nil
}

func (r *runner) loginAll(ctx context.Context) error {
	const atOnce = 32
	var all sync.WaitGroup
	room := make(chan struct{}, atOnce)
	errs := make([]error, len(r.users))
	for i, u := range r.users {
		room <- struct{}{}
		all.Go(func() {
			errs[i] = u.login(ctx)
			<-room
		})
	}
	all.Wait()

	return errors.Join(errs...)
}

// closeClients closes all clients.
func (r *runner) closeClients() {
	var all sync.WaitGroup
	for _, u := range r.users {
		u.endAbsence()
		if c, s := u.current(); c != nil {
			all.Go(func() {
				if s != nil {
					s.setCause(causeClose)
				}
				_ = c.Close()
				u.inflight.Wait()
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
				r.history.violated(violation{rule: nodeFailure, text: err.Error()})
			}
		})
	}
	all.Wait()
}

// checkSessions looks for users with two sessions, now that no client is in trouble.
func (r *runner) checkSessions() {
	for _, u := range r.users {
		u.mu.Lock()
		var alive []record
		for _, s := range u.sessions {
			if s.alive() {
				alive = append(alive, s.record())
			}
		}
		u.mu.Unlock()
		if len(alive) > 1 {
			r.history.violated(violation{rule: twoSessions, text: fmt.Sprint(alive)})
		}
	}
}
