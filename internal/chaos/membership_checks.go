package chaos

import (
	"strings"

	"github.com/parley-dm/parley/wire"
)

// checkOthersReady reports nodes without a fault that are not ready.
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

// checkOneSteppedOut checks two nodes without a link that a third node sees: one of the two must
// have stepped out, so that views never overlap.
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

// checkClientsMoved checks that a node that has stepped out has no clients, and counts those that
// it has sent to other nodes.
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
