package chaos

import "context"

func killNode(ctx context.Context, r *runner, n *node) (func() error, error) {
	r.markSessionsKilled(n)
	n.kill()

	return func() error { return r.cluster.startNode(ctx, n) }, nil
}

// markSessionsKilled sets the cause of all sessions of a node that is about to be killed.
func (r *runner) markSessionsKilled(n *node) {
	for _, u := range r.users {
		if _, s := u.current(); s != nil && s.node == n && s.alive() {
			s.setCause(causeKill)
		}
	}
}

// vanishNode cuts the network before the kill: no reset or close reaches the others.
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

// killWhilePartnerPaused kills a process while its partner is paused, and therefore still lists the
// process as a member.
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

// restartWithImpostors restarts a node with outsiders among the addresses that it is to join.
func restartWithImpostors(ctx context.Context, r *runner, n *node) (func() error, error) {
	r.markSessionsKilled(n)
	n.kill()

	return func() error { return r.cluster.startNode(ctx, n, r.impostors.addrs()...) }, nil
}
