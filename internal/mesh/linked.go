package mesh

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/mesh/link"
)

// linked is a link to a peer that is up, and receives what comes on it.
type linked struct {
	ls   *links
	peer *peer
	link *link.Link

	opened   atomic.Bool // packets to the peer go on it
	answered atomic.Bool // packets of the peer come on it
	fresh    atomic.Bool // heard since the last tick
	dead     atomic.Bool // nothing that comes is handled any more; written before delivery is held for writing
	void     atomic.Bool // the peer is down: what the link holds is void too
	lossy    atomic.Bool // something that it held could not be sent by the engine

	began time.Time // guarded by member.mu; since when it may be opened
	heard time.Time // guarded by member.mu; the last tick that found it fresh
}

var _ link.Receiver = (*linked)(nil)

func (c *linked) send(port Port, packet []byte, hurry hurry) error {
	m := c.ls.m
	if len(packet)+maxHeader > m.eng.maxPacket() {
		return ErrPacketTooLarge
	}
	send := c.link.SendLater
	if hurry {
		send = c.link.Send
	}
	err := send(uint8(port), uint64(m.clock.Now()), packet)
	if err == link.ErrOverloaded { //nolint:errorlint // as Send returns it
		return ErrOverloaded
	}

	return err
}

// answerMarker lets the peer use the link, if the marker that came by the engine is this link's.
func (c *linked) answerMarker(id uint64) {
	if id == c.link.ID() && !c.answered.Swap(true) {
		_ = c.link.Open() // fails when the link has ended
	}
}

// Packet implements link.Receiver.
func (c *linked) Packet(port uint8, stamp uint64, packet []byte) {
	m := c.ls.m
	m.clock.Observe(Stamp(stamp))
	m.delivery.RLock()
	defer m.delivery.RUnlock()
	if c.dead.Load() {
		return
	}
	c.hear()
	if handler := m.handler(Port(port)); handler != nil {
		handler.HandlePacket(c.peer.id, packet)
	}
}

// Control implements link.Receiver: barriers of a node that the engine does not bring to us, and answers to ours.
func (c *linked) Control(packet []byte) {
	m := c.ls.m
	h, body, err := parseHeader(packet)
	if err != nil || h.inc != c.peer.id.Incarnation || h.kind != kindBarrier && h.kind != kindAnswer {
		m.drops.malformed.Add(1)

		return
	}
	m.clock.Observe(h.stamp)
	m.delivery.RLock()
	defer m.delivery.RUnlock()
	switch {
	case c.dead.Load():
	case h.kind == kindAnswer:
		m.onAnswer(c.peer, body)
	case m.adrift(c.peer):
		m.onBarrier(c.peer, h.port, body, func(answer []byte) error {
			b, err := m.compose(kindAnswer, h.port, answer)
			if err != nil {
				return err
			}
			defer b.free()

			return c.link.Control(b.data)
		})
	}
	c.hear()
}

// Beat implements link.Receiver.
func (c *linked) Beat(stamp uint64) {
	c.ls.m.clock.Observe(Stamp(stamp))
	c.hear()
}

func (c *linked) hear() {
	if !c.fresh.Load() {
		c.fresh.Store(true)
	}
}

// Open implements link.Receiver: what was on its way by the engine has arrived.
func (c *linked) Open() {
	c.hear()
	if c.opened.Swap(true) {
		return
	}
	c.link.Release()
	p := c.peer
	p.order.Lock()
	defer p.order.Unlock()
	p.calling.pause, p.calling.at = 0, time.Time{}
	p.calling.failing = false
	c.ls.m.log.Info("packets to a node go by a link", "node", p.id, "tls", c.link.Secured())
}

// Goodbye implements link.Receiver.
func (c *linked) Goodbye(stamp uint64) {
	c.ls.m.clock.Observe(Stamp(stamp))
	if !c.dead.Load() {
		c.ls.m.gone(c.peer.id)
	}
}

// end ends the link, and returns when no handler runs with a packet of it. Not to be called with delivery held.
func (c *linked) end(err error) {
	c.dead.Store(true)
	c.link.Close(err)
	c.ls.m.delivery.Lock()
	c.ls.m.delivery.Unlock() //nolint:gocritic,staticcheck // whoever read dead before is through
}

// leaveLocked goes back to the engine: what the link holds goes first. Called with the peer's order held, when the link is to be closed.
func (c *linked) leaveLocked() {
	c.link.Close(errGivenUp)
	c.link.TakeHeld(func(port uint8, packet []byte) {
		if !c.void.Load() && c.ls.m.toPeer(c.peer, kindPacket, Port(port), packet) != nil {
			c.lossy.Store(true)
		}
	})
	c.peer.link.CompareAndSwap(c, nil)
}

// run is the reader.
func (c *linked) run() {
	defer c.ls.running.Done()
	c.over(c.link.Run(c))
}

// over is called when the link has ended, and nothing comes from it any more.
func (c *linked) over(why error) {
	m, p := c.ls.m, c.peer
	p.order.Lock()
	c.leaveLocked()
	used := c.opened.Load() || c.answered.Load() || c.lossy.Load()
	expected := c.void.Load() || m.state.Load() != stateRunning || errors.Is(why, link.ErrGoodbye)
	if !expected {
		c.ls.pauseLocked(p, time.Now())
		if !p.calling.failing {
			p.calling.failing = true
			m.log.Warn("the link to a node is lost: packets to it go by NATS", "node", p.id, "error", why)
		}
	}
	p.order.Unlock()

	m.delivery.Lock()
	defer m.delivery.Unlock()
	p.inbound.CompareAndSwap(c, nil)
	if used && !c.void.Load() && m.state.Load() == stateRunning {
		for _, w := range m.watchers {
			w.PathLost(p.id)
		}
	}
}
