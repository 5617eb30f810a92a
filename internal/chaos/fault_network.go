package chaos

import (
	"context"
	"time"
)

// cutTraffic cuts the ways between a node and others for some traffic: those that go out, those
// that come in, or both.
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

// The places that a node can be cut off from.
func allNodes(c *cluster, n *node) []int    { return c.otherPlaces(n) }
func partnerOnly(c *cluster, n *node) []int { return []int{c.partner(n).place} }
func clientsOnly(*cluster, *node) []int     { return []int{clients} }

// splitCluster cuts the cluster into two halves.
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

// breakConnections makes a fault that breaks connections of links between a node and the others,
// one after another, in the middle of bursts.
func breakConnections(how corruption) func(context.Context, *runner, *node) (func() error, error) {
	return repeatedly(func(ctx context.Context, r *runner, n *node, round int) {
		others := allNodes(r.cluster, n)
		other := others[round%len(others)]
		r.burst(ctx, n.place, other)
		r.cluster.network.packets().breakLinks(n.place, other, how)
		_ = sleep(ctx, 150*time.Millisecond)
	})
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
