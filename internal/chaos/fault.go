package chaos

import (
	"context"
	"time"
)

// fault is a failure of a node. inject makes the failure and returns the function that undoes it.
// The failure lasts a random time between min and max.
type fault struct {
	name         string
	min, max     time.Duration
	short        bool // part of a short run
	probeWithout bool // before it is undone, all users must reach each other without the node
	awaitNotices bool // the node's users stay away until all their peers know
	silent       bool // with awaitNotices: the users end without closing a connection
	wholeCluster bool // all nodes count as faulty
	harmless     bool // no message may fail meanwhile
	unavailable  func(r *runner) string
	inject       func(ctx context.Context, r *runner, n *node) (undo func() error, err error)
	check        func(r *runner, n *node) // called just before it is undone, if it is the only fault
}

const failureTimeout = 1500 * time.Millisecond

// Reasons why a fault is not possible here; "" if it is.
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
