package chaos

import (
	"context"
	"sync"
	"time"
)

// fault is something that befalls a node. Make does it and returns what undoes it; hold is how long it lasts, by chance.
type fault struct {
	name     string
	min, max time.Duration
	without  bool // before it is undone everything must work without the node
	watched  bool // the node's users stay away until all their peers know
	all      bool // it befalls all nodes
	none     bool // what a node answers meanwhile must be true
	needs    func(r *runner) bool
	make     func(ctx context.Context, r *runner, n *node) (undo func() error, err error)
}

const failureTimeout = 1500 * time.Millisecond

func always(*runner) bool         { return true }
func bySignals(*runner) bool      { return signals }
func byNamespaces(r *runner) bool { return r.cluster.network.cuts() }
func byEngine(r *runner) bool     { return r.cluster.engine != nil && signals }
func byBoth(r *runner) bool       { return byEngine(r) && byNamespaces(r) }

// faults is the deck that rounds are dealt from.
var faults = []fault{
	{name: "killed, its users stay away", watched: true, needs: always, make: kill},
	{name: "killed, back at once", max: failureTimeout, needs: always, make: kill},
	{name: "killed, back later", min: time.Second, max: 2 * time.Second, without: true, needs: always, make: kill},
	{name: "paused, longer than the failure timeout", min: 2 * failureTimeout, max: 4 * failureTimeout, needs: bySignals, make: stop},
	{name: "paused, briefly", max: failureTimeout, needs: bySignals, make: stop},
	{name: "drained and restarted", max: time.Second, needs: bySignals, make: drain},
	{name: "cut off from all nodes", min: 2 * failureTimeout, max: 4 * failureTimeout, needs: byNamespaces, make: isolate(true, true, fromAll)},
	{name: "cut off briefly", max: failureTimeout, needs: byNamespaces, make: isolate(true, true, fromAll)},
	{name: "heard but hears nobody", min: failureTimeout, max: 4 * failureTimeout, needs: byNamespaces, make: isolate(false, true, fromAll)},
	{name: "hears but is not heard", min: failureTimeout, max: 4 * failureTimeout, needs: byNamespaces, make: isolate(true, false, fromAll)},
	{name: "cut off from one node", min: failureTimeout, max: 4 * failureTimeout, needs: byNamespaces, make: isolate(true, true, fromOne)},
	{name: "cut off from clients", min: failureTimeout, max: 3 * heartbeat, needs: byNamespaces, make: isolate(true, true, fromClients)},
	{name: "loses packets", min: 2 * time.Second, max: 5 * time.Second, needs: byNamespaces, make: lose},
	{name: "the cluster is split in two halves", min: 2 * failureTimeout, max: 4 * failureTimeout, all: true, needs: byNamespaces, make: split},
	{name: "NATS stops for a while", min: time.Second, max: 3 * failureTimeout, none: true, needs: byEngine, make: endEngine((*process).end)},
	{name: "NATS is killed and comes back empty", max: failureTimeout, none: true, needs: byEngine, make: endEngine(killProcess)},
	{name: "NATS is paused", max: 4 * failureTimeout, all: true, needs: byEngine, make: pauseEngine},
	{name: "cut off from NATS", min: failureTimeout, max: 4 * failureTimeout, needs: byBoth, make: isolate(true, true, fromEngine)},
	{name: "its links are cut", min: failureTimeout, max: 4 * failureTimeout, needs: byBoth, make: isolate(true, true, fromNodes)},
}

func kill(ctx context.Context, r *runner, n *node) (func() error, error) {
	for _, p := range r.persons {
		if _, s := p.current(); s != nil && s.node == n && s.alive() {
			s.doom(fateKill)
		}
	}
	n.end()

	return func() error { return r.cluster.startNode(ctx, n) }, nil
}

func stop(_ context.Context, _ *runner, n *node) (func() error, error) { return n.resume, n.pause() }

func drain(ctx context.Context, r *runner, n *node) (func() error, error) {
	if err := n.drain(); err != nil {
		r.ledger.violation(wrong{rule: nodeTrouble, text: err.Error()})
	}

	return func() error { return r.cluster.startNode(ctx, n) }, nil
}

// isolate cuts the ways between a node and others: those that go out, those that come in, or both.
func isolate(out, in bool, from func(*cluster, *node) []int) func(context.Context, *runner, *node) (func() error, error) {
	return func(_ context.Context, r *runner, n *node) (func() error, error) {
		var ways []way
		for _, other := range from(r.cluster, n) {
			if out {
				ways = append(ways, way{n.index, other})
			}
			if in {
				ways = append(ways, way{other, n.index})
			}
		}

		return r.cluster.cut(ways)
	}
}

// Whom a node can be cut off from. All nodes: and the NATS server, if there is one.
func fromAll(c *cluster, n *node) []int {
	if c.engine != nil {
		return append(c.others(n), c.engine.place)
	}

	return c.others(n)
}

func fromNodes(c *cluster, n *node) []int  { return c.others(n) }
func fromEngine(c *cluster, _ *node) []int { return []int{c.engine.place} }
func fromOne(c *cluster, n *node) []int    { return []int{(n.index + 1) % len(c.nodes)} }
func fromClients(*cluster, *node) []int    { return []int{clients} }

// split cuts the cluster into two halves.
func split(_ context.Context, r *runner, n *node) (func() error, error) {
	all := len(r.cluster.nodes)
	var ways []way
	for i := range all {
		for k := range all {
			if ours, theirs := (i+all-n.index)%all < all/2, (k+all-n.index)%all < all/2; ours && !theirs {
				ways = append(ways, way{i, k}, way{k, i})
			}
		}
	}

	return r.cluster.cut(ways)
}

func endEngine(end func(*process) error) func(context.Context, *runner, *node) (func() error, error) {
	return func(ctx context.Context, r *runner, n *node) (func() error, error) {
		return r.cluster.engine.fail(end)(ctx, r, n)
	}
}

func killProcess(p *process) error {
	p.kill()

	return nil
}

func pauseEngine(ctx context.Context, r *runner, n *node) (func() error, error) {
	return r.cluster.engine.pause(ctx, r, n)
}

// lose drops packets in bursts: all ways of a node are cut for a moment, again and again, so that a tenth of the time and
// more is lost.
func lose(ctx context.Context, r *runner, n *node) (func() error, error) {
	const (
		lost = 20 * time.Millisecond
		good = 80 * time.Millisecond
	)
	ctx, cancel := context.WithCancel(ctx)
	var losing sync.WaitGroup
	var failed error
	losing.Go(func() {
		for ctx.Err() == nil && failed == nil {
			undo, err := isolate(true, true, fromAll)(ctx, r, n)
			_ = sleep(ctx, lost)
			if failed = undo(); failed == nil {
				failed = err
			}
			_ = sleep(ctx, good)
		}
	})

	return func() error {
		cancel()
		losing.Wait()

		return failed
	}, nil
}
