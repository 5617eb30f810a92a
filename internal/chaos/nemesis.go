package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// nemesis troubles clients, a few at a time: their connections are cut, stop reading, vanish; users
// move and log in twice.
type nemesis struct {
	r    *runner
	rng  *rand.Rand
	busy sync.WaitGroup
}

// run troubles a client every now and then until ctx ends, and returns when all that is over.
func (t *nemesis) run(ctx context.Context, every time.Duration) {
	defer t.busy.Wait()
	for sleep(ctx, time.Duration(t.rng.ExpFloat64()*float64(every))) == nil {
		p := t.r.users[t.rng.IntN(len(t.r.users))]
		_, s := p.current()
		if s == nil || !s.alive() || !p.trouble() {
			continue
		}
		what, home := t.rng.IntN(6), t.rng.IntN(len(t.r.cluster.nodes))
		lasting := time.Second + time.Duration(t.rng.Int64N(int64(4*heartbeat)))
		t.busy.Go(func() {
			defer p.calm()
			t.trouble(ctx, p, s, what, home, lasting)
		})
	}
}

func (t *nemesis) trouble(ctx context.Context, p *user, s *session, what, home int, lasting time.Duration) {
	node := t.r.cluster.nodes[home].name
	switch what {
	case 0:
		t.r.happensf("client", "%s does not read for %v", p.id, lasting)
		if lasting > 2*heartbeat {
			s.doom(fateStall) // the server may give it up
		}
		s.conn.stall()
		_ = sleep(ctx, lasting)
		s.conn.resume()
	case 1:
		t.r.happensf("client", "%s vanishes", p.id)
		t.r.vanish(s)
		p.settle(t.r.sending, s) //nolint:contextcheck // see settle
	case 2:
		t.r.happensf("client", "%s is cut off and goes to %s", p.id, node)
		p.wish(home)
		s.doom(fateCut)
		s.conn.cut()
		p.settle(t.r.sending, s) //nolint:contextcheck // see settle
	case 3:
		t.r.happensf("client", "%s closes and goes to %s", p.id, node)
		p.move(ctx, home, false)
	case 4:
		t.r.happensf("client", "%s logs in again, on %s", p.id, node)
		p.move(ctx, home, true)
	default:
		t.absent(p, s, lasting > 2*heartbeat)
	}
}

// absent takes a user away until all peers know. How long that took counts if nothing was wrong
// with the user's node.
func (t *nemesis) absent(p *user, s *session, silently bool) {
	if !s.node.healthy(t.r.history.now().add(-time.Second), forever) {
		return
	}
	a := p.leave(t.r.users)
	defer p.back()
	why, count := fateCut, &t.r.count.left
	if silently {
		why, count = fateGhost, &t.r.count.vanished
		t.r.happensf("client", "%s vanishes and stays away until %d peers know", p.id, len(a.owed))
		t.r.vanish(s)
	} else {
		t.r.happensf("client", "%s is cut off and stays away until %d peers know", p.id, len(a.owed))
		s.doom(fateCut)
		s.conn.cut()
	}
	if took := a.await(t.r.sending, t.r.o.Within, why); s.node.healthy(a.at, forever) {
		count.add(took...)
	}
}

// settle waits until the user has another session than s, as long as a client may take to notice.
// Troubles end by themselves, not with their maker's context.
func (p *user) settle(ctx context.Context, s *session) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if _, now := p.current(); now != s {
			return
		}
		if sleep(ctx, 10*time.Millisecond) != nil {
			return
		}
	}
}

// trouble claims the user for one trouble at a time.
func (p *user) trouble() bool { return p.troubled.CompareAndSwap(false, true) }

func (p *user) calm() { p.troubled.Store(false) }

func (p *user) wish(home int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.home = home
}

// vanish makes a client's machine vanish. Its connection is buried at the end of the run, when the
// node has long given it up.
func (r *runner) vanish(s *session) {
	s.doom(fateGhost)
	s.conn.vanish()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ghosts = append(r.ghosts, s.conn)
}

func (r *runner) happensf(kind, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	r.history.note(what)
	if r.o.Watch {
		fmt.Fprintf(r.o.Out, "%10v %-7s %s\n", r.history.now(), kind, what)
	}
}
