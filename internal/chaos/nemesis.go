package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// nemesis makes faults of clients, a few at a time: connections are cut, stop reading or vanish;
// users move or log in twice.
type nemesis struct {
	r       *runner
	rng     *rand.Rand
	running sync.WaitGroup
}

// run disturbs random clients until ctx ends, and returns when all disturbances are over.
func (n *nemesis) run(ctx context.Context, every time.Duration) {
	defer n.running.Wait()
	for sleep(ctx, time.Duration(n.rng.ExpFloat64()*float64(every))) == nil {
		u := n.r.users[n.rng.IntN(len(n.r.users))]
		_, s := u.current()
		if s == nil || !s.alive() || !u.claim() {
			continue
		}
		what, home := n.rng.IntN(6), n.rng.IntN(len(n.r.cluster.nodes))
		lasting := time.Second + time.Duration(n.rng.Int64N(int64(4*heartbeat)))
		n.running.Go(func() {
			defer u.release()
			n.disturb(ctx, u, s, what, home, lasting)
		})
	}
}

func (n *nemesis) disturb(ctx context.Context, u *user, s *session, what, home int, lasting time.Duration) {
	node := n.r.cluster.nodes[home].name
	switch what {
	case 0:
		n.r.logf("client", "%s does not read for %v", u.id, lasting)
		if lasting > 2*heartbeat {
			s.setCause(causeStall) // the server may give it up
		}
		s.conn.stall()
		_ = sleep(ctx, lasting)
		s.conn.resume()
	case 1:
		n.r.logf("client", "%s vanishes", u.id)
		n.r.vanishSession(s)
		u.awaitNewSession(n.r.sendCtx, s) //nolint:contextcheck // see settle
	case 2:
		n.r.logf("client", "%s is cut off and reconnects to %s", u.id, node)
		u.setPreferredNode(home)
		s.setCause(causeCut)
		s.conn.cut()
		u.awaitNewSession(n.r.sendCtx, s) //nolint:contextcheck // see settle
	case 3:
		n.r.logf("client", "%s closes and reconnects to %s", u.id, node)
		u.move(ctx, home, false)
	case 4:
		n.r.logf("client", "%s logs in again, on %s", u.id, node)
		u.move(ctx, home, true)
	default:
		n.takeAway(u, s, lasting > 2*heartbeat)
	}
}

// takeAway takes a user away until all peers know. How long that took counts if nothing was wrong
// with the user's node.
func (n *nemesis) takeAway(u *user, s *session, silently bool) {
	if !s.node.healthy(n.r.history.now().add(-time.Second), forever) {
		return
	}
	a := u.startAbsence(n.r.users)
	defer u.endAbsence()
	why, count := causeCut, &n.r.counters.cutNotices
	if silently {
		why, count = causeVanish, &n.r.counters.silentNotices
		n.r.logf("client", "%s vanishes and stays away until %d peers have the notice", u.id, len(a.pending))
		n.r.vanishSession(s)
	} else {
		n.r.logf("client", "%s is cut off and stays away until %d peers have the notice", u.id, len(a.pending))
		s.setCause(causeCut)
		s.conn.cut()
	}
	if took := a.awaitNotices(n.r.sendCtx, n.r.o.Within, why); s.node.healthy(a.at, forever) {
		count.add(took...)
	}
}

// awaitNewSession waits until the user has another session than s, as long as a client may take to
// notice. A disturbance ends by itself, not with its context.
func (u *user) awaitNewSession(ctx context.Context, s *session) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	for {
		if _, now := u.current(); now != s {
			return
		}
		if sleep(ctx, 10*time.Millisecond) != nil {
			return
		}
	}
}

// claim takes the user for one disturbance at a time; false: another one has it.
func (u *user) claim() bool { return u.disturbed.CompareAndSwap(false, true) }

func (u *user) release() { u.disturbed.Store(false) }

func (u *user) setPreferredNode(home int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.preferredNode = home
}

// vanishSession makes a client's machine vanish. Its connection is closed at the end of the run,
// after the node has dropped it.
func (r *runner) vanishSession(s *session) {
	s.setCause(causeVanish)
	s.conn.vanish()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.vanishedConns = append(r.vanishedConns, s.conn)
}

func (r *runner) logf(kind, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	r.history.note(what)
	if r.o.Watch {
		fmt.Fprintf(r.o.Out, "%10v %-7s %s\n", r.history.now(), kind, what)
	}
}
