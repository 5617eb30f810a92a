package chaos

import "context"

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

func pauseNode(_ context.Context, _ *runner, n *node) (func() error, error) {
	return n.resume, n.pause()
}

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

func drainNode(ctx context.Context, r *runner, n *node) (func() error, error) {
	if err := n.drain(); err != nil {
		r.history.violated(violation{rule: nodeFailure, text: err.Error()})
	}

	return func() error { return r.cluster.startNode(ctx, n) }, nil
}

// misled restarts a node with strangers among the addresses that it is to join.
func restartWithImpostors(ctx context.Context, r *runner, n *node) (func() error, error) {
	r.markSessionsKilled(n)
	n.kill()

	return func() error { return r.cluster.startNode(ctx, n, r.impostors.addrs()...) }, nil
}
