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
	short  bool // part of a short run
	probeWithout  bool // before it is undone everything must work without the node
	awaitNotices  bool // the node's users stay away until all their peers know
	silent bool // watched: the users' end is silent
	wholeCluster      bool // it befalls all nodes
	harmless    bool // nothing may fail meanwhile
	unavailable    func(r *runner) string
	inject     func(ctx context.Context, r *runner, n *node) (undo func() error, err error)
	check    func(r *runner, n *node) // just before it is undone, if nothing else is wrong
}

const failureTimeout = 1500 * time.Millisecond

// What faults need, or why that is not to be had.
func needsNothing(*runner) string { return "" }

func needsSignals(*runner) string {
	if signals {
		return ""
	}

	return "needs signals"
}

func needsPackets(r *runner) string {
	if r.cluster.network.packets() != nil {
		return ""
	}

	return "needs a network of its own"
}

const (
	detectionHold   = 2 * failureTimeout // long enough to be noticed
	longHold     = 4 * failureTimeout
	stepOutHold = 3 * time.Second
)

// faults is the deck that rounds are dealt from.
var faults = []fault{
	{name: "killed, its users stay away", short: true, awaitNotices: true, unavailable: needsNothing, inject: killNode},
	{name: "killed, back at once", max: failureTimeout, unavailable: needsNothing, inject: killNode},
	{name: "killed, back later", min: time.Second, max: 2 * time.Second, probeWithout: true, unavailable: needsNothing, inject: killNode},
	{name: "its machine vanishes", awaitNotices: true, silent: true, unavailable: needsPackets, inject: vanishNode},
	{name: "paused, longer than the failure timeout", short: true, min: detectionHold, max: longHold, unavailable: needsSignals, inject: pauseNode},
	{name: "paused, briefly", max: failureTimeout, unavailable: needsSignals, inject: pauseNode},
	{
		name: "killed while another one is paused", short: true, min: time.Second, max: detectionHold, unavailable: needsSignals,
		inject: killWhilePartnerPaused, check: checkOthersReady,
	},
	{name: "drained and restarted", max: time.Second, unavailable: needsSignals, inject: drainNode},
	{name: "restarted while its old process is paused", short: true, min: time.Second, max: longHold, unavailable: needsSignals, inject: replacePaused},
	{name: "restarted, with strangers to join", short: true, max: time.Second, unavailable: needsNothing, inject: restartWithImpostors},
	{name: "cut off from all nodes", min: detectionHold, max: longHold, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, allNodes)},
	{name: "cut off briefly", max: failureTimeout, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, allNodes)},
	{name: "heard but hears nothing", min: failureTimeout, max: longHold, unavailable: needsPackets, inject: cutTraffic(allTraffic, false, true, allNodes)},
	{name: "hears but is not heard", min: failureTimeout, max: longHold, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, false, allNodes)},
	{
		name: "cut off from one node", short: true, min: detectionHold + stepOutHold, max: longHold + stepOutHold,
		unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, partnerOnly), check: checkOneSteppedOut,
	},
	{name: "cut off from clients", min: failureTimeout, max: 3 * heartbeat, unavailable: needsPackets, inject: cutTraffic(allTraffic, true, true, clientsOnly)},
	{name: "loses packets", min: 2 * time.Second, max: 5 * time.Second, unavailable: needsPackets, inject: loseNodePackets},
	{name: "the cluster is split in two halves", short: true, min: detectionHold, max: longHold, wholeCluster: true, unavailable: needsPackets, inject: splitCluster},
	{
		name: "its gossip is cut, its links stand", short: true, min: detectionHold, max: 2 * longHold, harmless: true,
		unavailable: needsPackets, inject: cutTraffic(gossipTraffic, true, true, allNodes),
	},
	{name: "its links are cut, its gossip goes on", min: detectionHold, max: longHold, unavailable: needsPackets, inject: cutTraffic(linkTraffic, true, true, allNodes)},
	{
		name: "its link to one node is cut, gossip goes on", min: detectionHold + stepOutHold, max: longHold + stepOutHold,
		unavailable: needsPackets, inject: cutTraffic(linkTraffic, true, true, partnerOnly), check: checkOneSteppedOut,
	},
	{name: "connections of its links are reset in bursts", short: true, min: detectionHold, max: longHold, harmless: true, unavailable: needsPackets, inject: breakConnections(resetConn)},
	{name: "bytes of its links are changed", min: detectionHold, max: longHold, harmless: true, unavailable: needsPackets, inject: breakConnections(changedByte)},
	{name: "attacked with invented bytes", short: true, min: detectionHold, max: longHold, harmless: true, unavailable: needsNothing, inject: attackNode(sendGarbage)},
	{name: "attacked with recorded bytes", short: true, min: detectionHold, max: longHold, harmless: true, unavailable: needsPackets, inject: attackNode(replayRecorded)},
}

func killNode(ctx context.Context, r *runner, n *node) (func() error, error) {
	r.markSessionsKilled(n)
	n.kill()

	return func() error { return r.cluster.startNode(ctx, n) }, nil
}

// doomSessions notes that all connections to a node are about to be lost with it.
func (r *runner) markSessionsKilled(n *node) {
	for _, u := range r.users {
		if _, s := u.current(); s != nil && s.node == n && s.alive() {
			s.setCause(causeKill)
		}
	}
}

// vanish loses the node's last words: no other hears that its process has ended.
func vanishNode(ctx context.Context, r *runner, n *node) (func() error, error) {
	mend := r.cluster.network.packets().cut(allTraffic, directions(n, append(allNodes(r.cluster, n), clients), true, true)...)
	restart, err := killNode(ctx, r, n)

	return func() error {
		if err := mend(); err != nil {
			return err
		}

		return restart()
	}, err
}

func pauseNode(_ context.Context, _ *runner, n *node) (func() error, error) { return n.resume, n.pause() }

// killBesidePaused kills a process while its partner is paused, and so goes on to name it a member.
func killWhilePartnerPaused(ctx context.Context, r *runner, n *node) (func() error, error) {
	other := r.cluster.partner(n)
	other.markFaulty(r.history.now())
	if err := other.pause(); err != nil {
		return nil, err
	}
	restart, err := killNode(ctx, r, n)

	return func() error {
		if err := other.resume(); err != nil {
			return err
		}

		return restart()
	}, err
}

// othersStay judges that nodes which nothing befell are members all the while.
func checkOthersReady(r *runner, n *node) {
	other := r.cluster.partner(n)
	for _, x := range r.cluster.nodes {
		x.mu.Lock()
		ready := x.ready
		x.mu.Unlock()
		if x != n && x != other && !ready {
			r.history.violated(violation{rule: wrongMembership, text: x.name + " is not ready, and only " + n.name + " was killed, and " +
				other.name + " paused"})
		}
	}
}

func drainNode(ctx context.Context, r *runner, n *node) (func() error, error) {
	if err := n.drain(); err != nil {
		r.history.violated(violation{rule: nodeFailure, text: err.Error()})
	}

	return func() error { return r.cluster.startNode(ctx, n) }, nil
}

// isolate cuts the ways between a node and others for some traffic: those that go out, those that
// come in, or both.
func cutTraffic(t traffic, out, in bool, from func(*cluster, *node) []int) func(context.Context, *runner, *node) (func() error, error) {
	return func(_ context.Context, r *runner, n *node) (func() error, error) {
		return r.cluster.network.packets().cut(t, directions(n, from(r.cluster, n), out, in)...), nil
	}
}

func directions(n *node, others []int, out, in bool) (all []direction) {
	for _, other := range others {
		if out {
			all = append(all, direction{n.place, other})
		}
		if in {
			all = append(all, direction{other, n.place})
		}
	}

	return all
}

// What a node can be cut off from.
func allNodes(c *cluster, n *node) []int { return c.otherPlaces(n) }
func partnerOnly(c *cluster, n *node) []int { return []int{c.partner(n).place} }
func clientsOnly(*cluster, *node) []int { return []int{clients} }

// partner is the other node of faults that befall a pair.
func (c *cluster) partner(n *node) *node { return c.nodes[(n.place+1)%len(c.nodes)] }

// oneSteppedOut judges a pair that a third node sees and whose link is cut: one of the two must
// have stepped out, for views never to overlap.
func checkOneSteppedOut(r *runner, n *node) {
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
		r.counters.addStepOut(out[0] == younger.name)
		stepped := n
		if out[0] == other.name {
			stepped = other
		}
		r.checkClientsMoved(stepped)

		return
	}
	r.history.violated(violation{rule: wrongMembership, text: "between " + n.name + " and " + other.name + ": ready are " +
		strings.Join(in, " ") + ", not ready are " + strings.Join(out, " ")})
}

// sentAway judges that a node that has stepped out has no clients any more, and counts those that it has
// told to come back elsewhere.
func (r *runner) checkClientsMoved(n *node) {
	for _, u := range r.users {
		u.mu.Lock()
		for _, s := range u.sessions {
			if s.node != n {
				continue
			}
			switch x := s.record(); {
			case s.alive():
				r.history.violated(violation{rule: wrongMembership, text: n.name + " has stepped out, and keeps a client: " + x.String()})
			case x.gotGoodbye && x.goodbye == wire.GoodbyeStopping && x.ended.add(longHold+stepOutHold) > r.history.now():
				r.counters.addMovedClient()
			default:
			}
		}
		u.mu.Unlock()
	}
}

// split cuts the cluster into two halves.
func splitCluster(_ context.Context, r *runner, n *node) (func() error, error) {
	all := len(r.cluster.nodes)
	var cut []direction
	for i := range all {
		for k := range all {
			if ours, theirs := (i+all-n.place)%all < all/2, (k+all-n.place)%all < all/2; ours && !theirs {
				cut = append(cut, direction{i, k}, direction{k, i})
			}
		}
	}

	return r.cluster.network.packets().cut(allTraffic, cut...), nil
}

func loseNodePackets(_ context.Context, r *runner, n *node) (func() error, error) {
	return r.cluster.network.packets().dropSome(directions(n, allNodes(r.cluster, n), true, true)...), nil
}

// breaks makes a fault that breaks connections of links between a node and the others, one after
// another, in the middle of bursts.
func breakConnections(how corruption) func(context.Context, *runner, *node) (func() error, error) {
	return repeatedly(func(ctx context.Context, r *runner, n *node, round int) {
		others := allNodes(r.cluster, n)
		other := others[round%len(others)]
		r.burst(ctx, n.place, other)
		r.cluster.network.packets().breakLinks(n.place, other, how)
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
	for _, u := range r.users {
		if _, s := u.current(); s != nil && s.alive() {
			switch s.node.place {
			case a:
				here = append(here, u)
			case b:
				there = append(there, u)
			}
		}
	}
	for range each {
		for i := range min(pairs, len(here), len(there)) {
			for _, x := range [][2]*user{{here[i], there[i]}, {there[i], here[i]}} {
				select {
				case x[0].slots <- struct{}{}:
					x[0].send(r.sendCtx, x[1], 2000, func(int, outcome) { <-x[0].slots }) //nolint:contextcheck // a message outlives the fault
				case <-ctx.Done():
					return
				default: // it has enough under way
				}
			}
		}
	}
}
