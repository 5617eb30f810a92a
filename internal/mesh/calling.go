package mesh

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/parley-dm/parley/internal/mesh/link"
)

// calling is how a peer's link is asked for; guarded by peer.order.
type calling struct {
	dialing bool
	at      time.Time     // not before
	pause   time.Duration // doubled by every failure
	failing bool          // and the log says so
}

// The pause between two attempts: doubled from one to the other, and spread, so that nodes do not come all at once.
const (
	minPause = 100 * time.Millisecond
	maxPause = 5 * time.Second
)

// wantLocked asks for a link to a peer, if it is time to. Called with the peer's order held.
func (ls *links) wantLocked(p *peer) {
	at := p.door.Load()
	now := time.Now()
	if at == nil || at.addr == "" || p.calling.dialing || now.Before(p.calling.at) || !ls.m.eng.connected() {
		return
	}
	if at.tls != ls.opts.TLS {
		ls.failedLocked(p, at.addr, errors.New("one of the two nodes has TLS and the other has not"))

		return
	}
	if ls.m.self.Incarnation > p.id.Incarnation {
		ls.pauseLocked(p, now)
		_ = ls.m.toPeer(p, kindCall, 0, nil) // repeated while there are packets and no link

		return
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.closed {
		return
	}
	p.calling.dialing = true
	ls.running.Go(func() { ls.dial(p, at.addr) })
}

func (ls *links) dial(p *peer, addr string) {
	l, err := ls.door.Dial(ls.ctx, addr, link.Node(p.id))
	if err == nil && !ls.stand(p, l) {
		l.Close(errPeerDown)
		err = errPeerDown
	}
	p.order.Lock()
	defer p.order.Unlock()
	p.calling.dialing = false
	if err != nil {
		ls.failedLocked(p, addr, err)
	}
}

// pauseLocked puts the next attempt off, longer each time.
func (ls *links) pauseLocked(p *peer, now time.Time) {
	p.calling.pause = min(max(2*p.calling.pause, minPause), maxPause)
	wait := p.calling.pause/2 + rand.N(p.calling.pause)
	if ls.flap > 0 {
		wait = rand.N(ls.flap)
	}
	p.calling.at = now.Add(wait)
}

func (ls *links) failedLocked(p *peer, addr string, err error) {
	ls.pauseLocked(p, time.Now())
	if p.calling.failing || ls.ctx.Err() != nil {
		return
	}
	p.calling.failing = true
	level := slog.LevelWarn
	if errors.Is(err, errPeerDown) || errors.Is(err, link.ErrNotNow) {
		level = slog.LevelDebug // it will be, or is gone
	}
	ls.m.log.Log(ls.ctx, level, "no link to a node: packets to it go by NATS", "node", p.id, "addr", addr, "error", err)
}
