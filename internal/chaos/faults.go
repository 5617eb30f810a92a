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
	needs    func(r *runner) bool
	make     func(ctx context.Context, r *runner, n *node) (undo func() error, err error)
}

const failureTimeout = 1500 * time.Millisecond

func always(*runner) bool         { return true }
func bySignals(*runner) bool      { return signals }
func byNamespaces(r *runner) bool { return r.cluster.network.cuts() }

// faults is the deck that rounds are dealt from.
var faults = []fault{
	{name: "killed, its users stay away", watched: true, needs: always, make: kill},
	{name: "killed, back at once", max: failureTimeout, needs: always, make: kill},
	{name: "killed, back later", min: time.Second, max: 2 * time.Second, without: true, needs: always, make: kill},
	{name: "paused, longer than the failure timeout", min: 2 * failureTimeout, max: 4 * failureTimeout, needs: bySignals, make: stop},
	{name: "paused, briefly", max: failureTimeout, needs: bySignals, make: stop},
	{name: "drained and restarted", max: time.Second, needs: bySignals, make: drain},
	{name: "cut off from all nodes", min: 2 * failureTimeout, max: 4 * failureTimeout, needs: byNamespaces, make: isolate(true, true)},
	{name: "cut off briefly", max: failureTimeout, needs: byNamespaces, make: isolate(true, true)},
	{name: "heard but hears nobody", min: failureTimeout, max: 4 * failureTimeout, needs: byNamespaces, make: isolate(false, true)},
	{name: "hears but is not heard", min: failureTimeout, max: 4 * failureTimeout, needs: byNamespaces, make: isolate(true, false)},
	{name: "cut off from one node", min: failureTimeout, max: 4 * failureTimeout, needs: byNamespaces, make: divide},
	{name: "cut off from clients", min: failureTimeout, max: 3 * heartbeat, needs: byNamespaces, make: conceal},
	{name: "loses packets", min: 2 * time.Second, max: 5 * time.Second, needs: byNamespaces, make: lose},
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

// way is a direction between two places of the network.
type way struct{ from, to int }

// isolate cuts the ways between a node and all others: those that go out, those that come in, or both.
func isolate(out, in bool) func(context.Context, *runner, *node) (func() error, error) {
	return func(_ context.Context, r *runner, n *node) (func() error, error) {
		var ways []way
		for _, other := range r.cluster.nodes {
			if other != n && out {
				ways = append(ways, way{n.index, other.index})
			}
			if other != n && in {
				ways = append(ways, way{other.index, n.index})
			}
		}

		return r.cut(ways)
	}
}

func divide(_ context.Context, r *runner, n *node) (func() error, error) {
	other := (n.index + 1) % len(r.cluster.nodes)

	return r.cut([]way{{n.index, other}, {other, n.index}})
}

func conceal(_ context.Context, r *runner, n *node) (func() error, error) {
	return r.cut([]way{{n.index, clients}, {clients, n.index}})
}

// cut cuts ways, and returns what mends them.
func (r *runner) cut(ways []way) (undo func() error, err error) {
	set := func(ok bool) error {
		for _, w := range ways {
			if err := r.cluster.network.reach(w.from, w.to, ok); err != nil {
				return err
			}
		}

		return nil
	}

	return func() error { return set(true) }, set(false)
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
			undo, err := isolate(true, true)(ctx, r, n)
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
