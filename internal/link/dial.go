package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

const (
	// A broken link is dialed at once, then after 2, 4, 8, … ms.
	brokenFirst = 2 * time.Millisecond
	brokenMost  = 50 * time.Millisecond
	// A node without a link is dialed at once, then after 50, 100, … ms.
	absentFirst = 50 * time.Millisecond
	absentMost  = 2 * time.Second
	// triesAsked tries of a broken link reach brokenMost.
	triesAsked = 6
)

// Want keeps a link to a node: its address is dialed, with growing pauses, whenever there is none,
// until Unwant. A newer address replaces the older one.
func (e *Endpoint) Want(id node.ID, addr string) {
	if id == e.cfg.Self || id.IsZero() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	p := e.acquireLocked(id)
	p.refs--
	if p.wanted && p.addr == addr {
		return
	}
	p.wanted, p.addr, p.tries = true, addr, 0
	e.kickLocked(p)
}

// Unwant ends that. A link that stands stays, and is resumed.
func (e *Endpoint) Unwant(id node.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.peers[id]; p != nil {
		p.wanted = false
	}
}

// asked has the peer dialed that asks for it.
func (e *Endpoint) asked(p *peer, addr string, lost uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.asked, p.lost = addr, lost
	e.kickLocked(p)
}

// kick has the peer's dial loop look at what there is to do. Anew: its pauses begin again.
func (e *Endpoint) kick(p *peer, anew bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if anew {
		p.tries = 0
	}
	e.kickLocked(p)
}

func (e *Endpoint) kickAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.peers {
		e.kickLocked(p)
	}
}

func (e *Endpoint) kickLocked(p *peer) {
	if p.dialing {
		select {
		case p.wake <- struct{}{}:
		default:
		}

		return
	}
	if _, _, need := e.taskLocked(p); need && !e.closed && !e.stopping {
		p.dialing = true
		e.work.Go(func() { e.dialLoop(p) })
	}
}

// taskLocked returns the address to dial for a peer, and the link to resume; nil: a new one.
func (e *Endpoint) taskLocked(p *peer) (addr string, l *Link, need bool) {
	if l = p.link; l != nil { // an ask that tells of an older connection is out of date
		if l.connected.Load() && (p.asked == "" || p.lost < l.attempt.Load()) {
			p.asked = ""

			return "", nil, false
		}

		return l.addr, l, true
	}
	if p.asked != "" {
		return p.asked, nil, true
	}

	return p.addr, nil, p.wanted
}

// dialLoop dials a peer for as long as there is need.
func (e *Endpoint) dialLoop(p *peer) {
	for {
		e.cfg.Gate()
		e.mu.Lock()
		addr, l, need := e.taskLocked(p)
		if !need || e.closed {
			p.dialing, p.slept = false, false
			e.mu.Unlock()

			return
		}
		pause := time.Duration(0)
		if p.asked == "" {
			pause = pauseBefore(p.tries, l != nil)
		}
		if pause > 0 && !p.slept {
			e.mu.Unlock()
			e.sleep(p, pause)

			continue
		}
		p.slept = false
		p.tries++
		p.asked = ""
		e.mu.Unlock()
		if e.pausing.Load() {
			e.sleep(p, e.cfg.Timing.Tick)

			continue
		}
		e.dialOnce(p, l, addr)
	}
}

// pauseBefore is the pause before a try.
func pauseBefore(tries int, broken bool) time.Duration {
	first, most := absentFirst, absentMost
	if broken {
		first, most = brokenFirst, brokenMost
	}
	if tries == 0 {
		return 0
	}
	pause := min(most, first<<min(tries-1, 16))

	return pause - time.Duration(rand.Int64N(int64(pause)/4+1))
}

// sleep waits for a moment, or until something is new.
func (e *Endpoint) sleep(p *peer, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		e.mu.Lock()
		p.slept = true
		e.mu.Unlock()
	case <-p.wake:
	case <-e.done:
	}
}

// dialOnce dials a peer once, and ends its link if that shows that its process is gone (dead.go).
func (e *Endpoint) dialOnce(p *peer, l *Link, addr string) {
	err := e.dialPeer(p, addr, l != nil)
	if err == nil {
		if !p.lower { // the peer dials now: leave it time
			e.mu.Lock()
			if p.link != nil {
				p.tries = max(p.tries, triesAsked)
			}
			e.mu.Unlock()
		}

		return
	}
	e.cfg.Logger.Debug("a dial failed", "peer", p.id.String(), "address", addr, "error", err)
	if l != nil && e.endIfGone(l, err) {
		return
	}
	for _, told := range []error{ErrSecret, ErrVersion, ErrNotCluster} {
		if errors.Is(err, told) && l == nil {
			e.logRefusal("a link was refused by the other side", addr, err)
		}
	}
}

func (e *Endpoint) dialPeer(p *peer, addr string, resume bool) error {
	connect, limit := handshakeTime, handshakeTime
	if resume { // there is little time: a try that hangs is given up
		connect, limit = e.cfg.Timing.Failure/3, e.cfg.Timing.Failure
	}
	ctx, cancel := context.WithTimeout(e.ctx, limit)
	defer cancel()

	return e.dial(ctx, connect, addr, func(base net.Conn) (kept bool, err error) {
		if p.lower {
			err = e.dialLink(p, base, addr)

			return err == nil, err
		}

		return false, e.dialAsk(p, base)
	})
}

// dial connects to an address within the limit, and has f do the handshake until ctx ends.
func (e *Endpoint) dial(
	ctx context.Context, limit time.Duration, addr string, f func(net.Conn) (kept bool, err error),
) error {
	connect, cancel := context.WithTimeout(ctx, limit)
	base, err := e.cfg.Network.Dial(connect, addr)
	cancel()
	e.cfg.Gate()
	if err != nil {
		return err
	}
	if !e.enter(base) {
		_ = base.Close()

		return ErrClosed
	}
	defer e.leave(base)
	stop := context.AfterFunc(ctx, func() { _ = base.Close() })
	kept, err := f(base)
	if inTime := stop(); !kept || !inTime {
		_ = base.Close()
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w (%w)", ctx.Err(), err)
	}

	return err
}

// Introduce dials an address, proves the secret both ways and learns which node is there. There is
// no link. The error is ErrSecret, ErrVersion, ErrSelf, ErrNotCluster, ErrBusy, or one of the
// network.
func (e *Endpoint) Introduce(ctx context.Context, addr string) (Peer, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	var learned Peer
	//nolint:contextcheck // closing the connection ends the handshake when ctx ends
	err := e.dial(ctx, handshakeTime, addr, func(base net.Conn) (kept bool, err error) {
		learned, err = e.dialIntroduce(base)

		return false, err
	})
	if err != nil {
		return Peer{}, err
	}

	return learned, nil
}
