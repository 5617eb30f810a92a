package chaos

import (
	"context"
	"fmt"
	"time"
)

// replacePaused starts a process under the node's name while the older one is paused: as an
// orchestrator does when a machine hangs. Undone, the older one goes on, for a while.
func replacePaused(ctx context.Context, r *runner, n *node) (func() error, error) {
	const lingering = 2 * time.Second
	if err := n.pause(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	old := n.process
	n.mu.Unlock()
	r.cluster.addReplaced(old)
	err := r.startReplacement(ctx, n)

	return func() error {
		if err := resume(old.cmd.Process); err != nil {
			return err
		}
		r.logf("fault", "%s: its old process goes on", n.name)
		_ = sleep(ctx, lingering) // the process may stop by itself, because another one has its name
		r.counters.addNameConflict(old.hasExited())
		r.markProcessKilled(old)
		old.kill()

		return nil
	}, err
}

// startReplacement starts the new process, as a supervisor does: again, if it is refused.
func (r *runner) startReplacement(ctx context.Context, n *node) error {
	for from := r.history.now(); ; {
		if err := n.assignAddrs(r.cluster.network); err != nil {
			return err
		}
		err := r.cluster.startNode(ctx, n)
		if err == nil {
			return nil
		}
		if r.history.now().since(from) > r.o.Within || sleep(ctx, time.Second/2) != nil {
			return fmt.Errorf("under the name of a paused process: %w", err)
		}
		r.logf("fault", "%s: the new process is refused", n.name)
	}
}

// addReplaced keeps a process to be ended with the run.
func (c *cluster) addReplaced(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replaced = append(c.replaced, p)
}

// markProcessKilled notes that what is left of a process's connections is lost with it.
func (r *runner) markProcessKilled(old *process) {
	for _, u := range r.users {
		u.mu.Lock()
		for _, s := range u.sessions {
			if s.process == old && s.alive() {
				s.setCause(causeKill)
			}
		}
		u.mu.Unlock()
	}
}
