package chaos

import (
	"context"
	"time"
)

// fault is something that befalls a node. Make does it and returns what undoes it; hold is how long
// it lasts, by chance.
type fault struct {
	name         string
	min, max     time.Duration
	short        bool // part of a short run
	probeWithout bool // before it is undone everything must work without the node
	awaitNotices bool // the node's users stay away until all their peers know
	silent       bool // watched: the users' end is silent
	wholeCluster bool // it befalls all nodes
	harmless     bool // nothing may fail meanwhile
	unavailable  func(r *runner) string
	inject       func(ctx context.Context, r *runner, n *node) (undo func() error, err error)
	check        func(r *runner, n *node) // just before it is undone, if nothing else is wrong
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
