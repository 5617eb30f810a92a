package chaos

import (
	"context"
	"strings"
	"time"

	"github.com/parley-dm/parley/wire"
)

// fault is something that befalls a node. Make does it and returns what undoes it; hold is how long
// it lasts, by chance.
type fault struct {
	name     string
	min, max time.Duration
	telling  bool // part of a short run
	without  bool // before it is undone everything must work without the node
	watched  bool // the node's users stay away until all their peers know
	vanishes bool // watched: the users' end is silent
	all      bool // it befalls all nodes
	clean    bool // nothing may fail meanwhile
	needs    func(r *runner) string
	make     func(ctx context.Context, r *runner, n *node) (undo func() error, err error)
	check    func(r *runner, n *node) // just before it is undone, if nothing else is wrong
}

const failureTimeout = 1500 * time.Millisecond

// What faults need, or why that is not to be had.
func always(*runner) string { return "" }

func bySignals(*runner) string {
	if signals {
		return ""
	}

	return "needs signals"
}

func byPackets(r *runner) string {
	if r.cluster.network.packets() != nil {
		return ""
	}

	return "needs a network of its own"
}

const (
	whileTold   = 2 * failureTimeout // long enough to be noticed
	forLong     = 4 * failureTimeout
	whileClosed = 3 * time.Second
)

// faults is the deck that rounds are dealt from.
var faults = []fault{
	{name: "killed, its users stay away", telling: true, watched: true, needs: always, make: kill},
	{name: "killed, back at once", max: failureTimeout, needs: always, make: kill},
	{name: "killed, back later", min: time.Second, max: 2 * time.Second, without: true, needs: always, make: kill},
	{name: "its machine vanishes", watched: true, vanishes: true, needs: byPackets, make: vanish},
	{name: "paused, longer than the failure timeout", telling: true, min: whileTold, max: forLong, needs: bySignals, make: stop},
	{name: "paused, briefly", max: failureTimeout, needs: bySignals, make: stop},
	{
		name: "killed while another one is paused", telling: true, min: time.Second, max: whileTold, needs: bySignals,
		make: killBesidePaused, check: othersStay,
	},
	{name: "drained and restarted", max: time.Second, needs: bySignals, make: drain},
	{name: "restarted while its old process is paused", telling: true, min: time.Second, max: forLong, needs: bySignals, make: usurp},
	{name: "restarted, with strangers to join", telling: true, max: time.Second, needs: always, make: misled},
	{name: "cut off from all nodes", min: whileTold, max: forLong, needs: byPackets, make: isolate(allTraffic, true, true, fromAll)},
	{name: "cut off briefly", max: failureTimeout, needs: byPackets, make: isolate(allTraffic, true, true, fromAll)},
	{name: "heard but hears nothing", min: failureTimeout, max: forLong, needs: byPackets, make: isolate(allTraffic, false, true, fromAll)},
	{name: "hears but is not heard", min: failureTimeout, max: forLong, needs: byPackets, make: isolate(allTraffic, true, false, fromAll)},
	{
		name: "cut off from one node", telling: true, min: whileTold + whileClosed, max: forLong + whileClosed,
		needs: byPackets, make: isolate(allTraffic, true, true, fromOne), check: oneSteppedOut,
	},
	{name: "cut off from clients", min: failureTimeout, max: 3 * heartbeat, needs: byPackets, make: isolate(allTraffic, true, true, fromClients)},
	{name: "loses packets", min: 2 * time.Second, max: 5 * time.Second, needs: byPackets, make: lose},
	{name: "the cluster is split in two halves", telling: true, min: whileTold, max: forLong, all: true, needs: byPackets, make: split},
	{
		name: "its gossip is cut, its links stand", telling: true, min: whileTold, max: 2 * forLong, clean: true,
		needs: byPackets, make: isolate(gossipTraffic, true, true, fromAll),
	},
	{name: "its links are cut, its gossip goes on", min: whileTold, max: forLong, needs: byPackets, make: isolate(linkTraffic, true, true, fromAll)},
	{
		name: "its link to one node is cut, gossip goes on", min: whileTold + whileClosed, max: forLong + whileClosed,
		needs: byPackets, make: isolate(linkTraffic, true, true, fromOne), check: oneSteppedOut,
	},
	{name: "connections of its links are reset in bursts", telling: true, min: whileTold, max: forLong, clean: true, needs: byPackets, make: breaks(reset)},
	{name: "bytes of its links are changed", min: whileTold, max: forLong, clean: true, needs: byPackets, make: breaks(corrupted)},
	{name: "attacked with invented bytes", telling: true, min: whileTold, max: forLong, clean: true, needs: always, make: attacked(invented)},
	{name: "attacked with recorded bytes", telling: true, min: whileTold, max: forLong, clean: true, needs: byPackets, make: attacked(replayed)},
}

func kill(ctx context.Context, r *runner, n *node) (func() error, error) {
	r.doomSessions(n)
	n.end()

	return func() error { return r.cluster.startNode(ctx, n) }, nil
}

// doomSessions notes that all connections to a node are about to be lost with it.
func (r *runner) doomSessions(n *node) {
	for _, p := range r.users {
		if _, s := p.current(); s != nil && s.node == n && s.alive() {
			s.doom(fateKill)
		}
	}
}

// vanish loses the node's last words: no other hears that its process has ended.
func vanish(ctx context.Context, r *runner, n *node) (func() error, error) {
	mend := r.cluster.network.packets().cut(allTraffic, ways(n, append(fromAll(r.cluster, n), clients), true, true)...)
	restart, err := kill(ctx, r, n)

	return func() error {
		if err := mend(); err != nil {
			return err
		}

		return restart()
	}, err
}

func stop(_ context.Context, _ *runner, n *node) (func() error, error) { return n.resume, n.pause() }

// killBesidePaused kills a process while its partner is paused, and so goes on to name it a member.
func killBesidePaused(ctx context.Context, r *runner, n *node) (func() error, error) {
	other := r.cluster.partner(n)
	other.sicken(r.history.now())
	if err := other.pause(); err != nil {
		return nil, err
	}
	restart, err := kill(ctx, r, n)

	return func() error {
		if err := other.resume(); err != nil {
			return err
		}

		return restart()
	}, err
}

// othersStay judges that nodes which nothing befell are members all the while.
func othersStay(r *runner, n *node) {
	other := r.cluster.partner(n)
	for _, x := range r.cluster.nodes {
		x.mu.Lock()
		ready := x.ready
		x.mu.Unlock()
		if x != n && x != other && !ready {
			r.history.violation(wrong{rule: overlapping, text: x.name + " is not ready, and only " + n.name + " was killed, and " +
				other.name + " paused"})
		}
	}
}

func drain(ctx context.Context, r *runner, n *node) (func() error, error) {
	if err := n.drain(); err != nil {
		r.history.violation(wrong{rule: nodeTrouble, text: err.Error()})
	}

	return func() error { return r.cluster.startNode(ctx, n) }, nil
}

// isolate cuts the ways between a node and others for some traffic: those that go out, those that
// come in, or both.
func isolate(t traffic, out, in bool, from func(*cluster, *node) []int) func(context.Context, *runner, *node) (func() error, error) {
	return func(_ context.Context, r *runner, n *node) (func() error, error) {
		return r.cluster.network.packets().cut(t, ways(n, from(r.cluster, n), out, in)...), nil
	}
}

func ways(n *node, others []int, out, in bool) (all []way) {
	for _, other := range others {
		if out {
			all = append(all, way{n.index, other})
		}
		if in {
			all = append(all, way{other, n.index})
		}
	}

	return all
}

// What a node can be cut off from.
func fromAll(c *cluster, n *node) []int { return c.others(n) }
func fromOne(c *cluster, n *node) []int { return []int{c.partner(n).index} }
func fromClients(*cluster, *node) []int { return []int{clients} }

// partner is the other node of faults that befall a pair.
func (c *cluster) partner(n *node) *node { return c.nodes[(n.index+1)%len(c.nodes)] }

// oneSteppedOut judges a pair that a third node sees and whose link is cut: one of the two must
// have stepped out, for views never to overlap.
func oneSteppedOut(r *runner, n *node) {
	var out, in []string
	for _, x := range r.cluster.nodes {
		x.mu.Lock()
		if x.ready {
			in = append(in, x.name)
		} else {
			out = append(out, x.name)
		}
		x.mu.Unlock()
	}
	other := r.cluster.partner(n)
	if len(out) == 1 && (out[0] == n.name || out[0] == other.name) {
		younger := n
		if other.started > n.started {
			younger = other
		}
		r.count.steps(out[0] == younger.name)
		stepped := n
		if out[0] == other.name {
			stepped = other
		}
		r.sentAway(stepped)

		return
	}
	r.history.violation(wrong{rule: overlapping, text: "between " + n.name + " and " + other.name + ": ready are " +
		strings.Join(in, " ") + ", not ready are " + strings.Join(out, " ")})
}

// sentAway judges that a node that has stepped out has no clients any more, and counts those that it has
// told to come back elsewhere.
func (r *runner) sentAway(n *node) {
	for _, u := range r.users {
		u.mu.Lock()
		for _, s := range u.sessions {
			if s.node != n {
				continue
			}
			switch x := s.record(); {
			case s.alive():
				r.history.violation(wrong{rule: overlapping, text: n.name + " has stepped out, and keeps a client: " + x.String()})
			case x.parted && x.goodbye == wire.GoodbyeStopping && x.ended.add(forLong+whileClosed) > r.history.now():
				r.count.moved()
			default:
			}
		}
		u.mu.Unlock()
	}
}

// split cuts the cluster into two halves.
func split(_ context.Context, r *runner, n *node) (func() error, error) {
	all := len(r.cluster.nodes)
	var cut []way
	for i := range all {
		for k := range all {
			if ours, theirs := (i+all-n.index)%all < all/2, (k+all-n.index)%all < all/2; ours && !theirs {
				cut = append(cut, way{i, k}, way{k, i})
			}
		}
	}

	return r.cluster.network.packets().cut(allTraffic, cut...), nil
}

func lose(_ context.Context, r *runner, n *node) (func() error, error) {
	return r.cluster.network.packets().lose(ways(n, fromAll(r.cluster, n), true, true)...), nil
}

// breaks makes a fault that breaks connections of links between a node and the others, one after
// another, in the middle of bursts.
func breaks(how breakage) func(context.Context, *runner, *node) (func() error, error) {
	return repeatedly(func(ctx context.Context, r *runner, n *node, round int) {
		others := fromAll(r.cluster, n)
		other := others[round%len(others)]
		r.burst(ctx, n.index, other)
		r.cluster.network.packets().breakLinks(n.index, other, how)
		_ = sleep(ctx, 150*time.Millisecond)
	})
}

// repeatedly makes a fault that does something again and again until it is undone.
func repeatedly(do func(ctx context.Context, r *runner, n *node, round int)) func(context.Context, *runner, *node) (func() error, error) {
	return func(ctx context.Context, r *runner, n *node) (func() error, error) {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for round := 0; ctx.Err() == nil; round++ {
				do(ctx, r, n, round)
			}
		}()

		return func() error {
			cancel()
			<-done

			return nil
		}, nil
	}
}

// burst makes users on two nodes write to each other at once.
func (r *runner) burst(ctx context.Context, a, b int) {
	const (
		pairs = 5
		each  = 10
	)
	var here, there []*user
	for _, p := range r.users {
		if _, s := p.current(); s != nil && s.alive() {
			switch s.node.index {
			case a:
				here = append(here, p)
			case b:
				there = append(there, p)
			}
		}
	}
	for range each {
		for i := range min(pairs, len(here), len(there)) {
			for _, x := range [][2]*user{{here[i], there[i]}, {there[i], here[i]}} {
				select {
				case x[0].room <- struct{}{}:
					x[0].send(r.sending, x[1], 2000, func(int, outcome) { <-x[0].room }) //nolint:contextcheck // a message outlives the fault
				case <-ctx.Done():
					return
				default: // it has enough under way
				}
			}
		}
	}
}
