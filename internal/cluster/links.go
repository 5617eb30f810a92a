package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/parley-dm/parley/internal/link"
	"github.com/parley-dm/parley/internal/node"
)

// listen opens the cluster address: links, and gossip unless a Discovery was given.
func (c *Cluster) listen(ctx context.Context) (*link.Endpoint, error) {
	cfg := link.Config{
		Self: c.self, Secret: c.cfg.Secret, Network: c.cfg.Network, Addr: c.cfg.Addr, Advertise: c.cfg.Advertise,
		Timing: c.cfg.Timing, Handler: (*handler)(c), Cork: c.cfg.Cork, Loops: c.cfg.Loops, Clock: c.cfg.Clock, Gate: c.cfg.Gate, Logger: c.log,
	}
	if c.discovery != nil {
		return link.Listen(ctx, cfg)
	}
	host, port, err := net.SplitHostPort(c.cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("--cluster %s: %w", c.cfg.Addr, err)
	}
	const tries = 20
	for try := 1; ; try++ {
		udp, err := listenGossip(ctx, c.cfg.Addr)
		if err != nil {
			return nil, c.explain(err)
		}
		cfg.Addr = net.JoinHostPort(host, strconv.Itoa(udp.LocalAddr().(*net.UDPAddr).Port)) //nolint:forcetypeassert // it is one
		t := newTransport(udp)
		cfg.Streams = t.stream
		ep, err := link.Listen(ctx, cfg)
		if err == nil {
			c.discovery = newGossip(c.cfg.Secret, t, c.log)

			return ep, nil
		}
		_ = t.Shutdown()
		if port != "0" || !errors.Is(err, syscall.EADDRINUSE) || try == tries {
			return nil, c.explain(err)
		}
	}
}

func (c *Cluster) explain(err error) error {
	return fmt.Errorf("--cluster %s: %w: choose another address", c.cfg.Addr, err)
}

// handler is the link.Handler of a Cluster.
type handler Cluster

// LinkUp implements link.Handler.
func (h *handler) LinkUp(l *link.Link) {
	c := (*Cluster)(h)
	c.event(func(acts []action, _ time.Time) []action { return c.core.linked(acts, l.Peer()) })
	c.look()
}

// HandlePacket implements link.Handler.
func (h *handler) HandlePacket(l *link.Link, port uint8, packet []byte) {
	c := (*Cluster)(h)
	if port < ports && c.handlers[port] != nil {
		c.handlers[port](l.Peer(), packet)

		return
	}
	if Port(port) != PortCluster {
		return // a part that this version does not have
	}
	s, err := parseStatus(packet)
	if err != nil {
		c.log.Warn("a packet of another node was dropped", "node", l.Peer().String(), "error", err)

		return
	}
	c.event(func(acts []action, now time.Time) []action { return c.core.heard(acts, l.Peer(), s, now) })
}

// LinkDown implements link.Handler.
func (h *handler) LinkDown(l *link.Link, reason error) {
	c := (*Cluster)(h)
	c.host.LinkEnded(l.Peer(), reason)
	c.event(func(acts []action, now time.Time) []action {
		c.logLocked(func() { c.log.Info("the link to a node has ended", "node", l.Peer().String(), "why", reason.Error()) })

		return c.core.unlinked(acts, l.Peer(), errors.Is(reason, link.ErrGone), now)
	})
	c.host.NodeDown(l.Peer())
}

// Resumed implements link.Handler.
func (h *handler) Resumed() { h.directory.Resumed() }

// Paused implements link.Handler.
func (h *handler) Paused(gap time.Duration) {
	c := (*Cluster)(h)
	c.event(func(acts []action, now time.Time) []action {
		c.logLocked(func() {
			c.log.Warn("this process did not run for a while: it joins the cluster anew and claims its sessions again", "for", gap.String())
		})
		acts = c.core.paused(acts, now)
		clear(c.answers)

		return acts
	})
	c.mu.Lock()
	c.directory.Paused()
	c.mu.Unlock()
	c.host.Paused(gap)
	c.look()
}

// look resumes the search at once.
func (c *Cluster) look() {
	select {
	case c.searchNow <- struct{}{}:
	default:
	}
}

// found and lost are called by the Discovery.
func (c *Cluster) found(i Introduction) {
	c.event(func(acts []action, now time.Time) []action {
		if c.stopped {
			return acts
		}
		for id, k := range c.known { // one address has one node: an older incarnation is over
			if k.addr == i.Addr && id != i.ID && c.ep.To(id) == nil {
				c.ep.Unwant(id)
				delete(c.known, id)
			}
		}
		c.known[i.ID] = known{addr: i.Addr}
		c.ep.Want(i.ID, i.Addr)

		return c.core.introduced(acts, c.allLinkedLocked(), now)
	})
}

func (c *Cluster) lost(id node.ID, left bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.known[id]
	switch {
	case !ok:
	case left:
		c.ep.Unwant(id)
		delete(c.known, id)
	case k.lost.IsZero():
		k.lost = time.Now()
		c.known[id] = k
	}
}

// forgetLocked stops dialing nodes that gossip has lost long ago.
func (c *Cluster) forgetLocked(now time.Time) {
	for id, k := range c.known {
		if !k.lost.IsZero() && now.Sub(k.lost) > forgetAfter && c.ep.To(id) == nil {
			c.ep.Unwant(id)
			delete(c.known, id)
		}
	}
}

// Sender sends the packets of one port.
type Sender struct {
	c    *Cluster
	port Port
}

// Sender returns the sender of a port.
func (c *Cluster) Sender(port Port) *Sender { return &Sender{c, port} }

// Self is this node.
func (s *Sender) Self() node.ID { return s.c.self }

// Linked tells whether a node is this one or has a link to it.
func (s *Sender) Linked(n node.ID) bool {
	return n == s.c.self || s.c.ep != nil && s.c.ep.To(n) != nil
}

// Leased tells whether this node may say "not found" and confirm logins: no other node can be about
// to give it up. It reads a clock.
func (s *Sender) Leased() bool { return s.c.ep == nil || s.c.ep.Leased() }

// Send sends a packet behind all that were sent to that node before. It does not wait and copies
// the packet. Errors: node.ErrNoNode, node.ErrOverloaded, node.ErrTooLarge; then nothing was sent.
func (s *Sender) Send(to node.ID, packet []byte) error { return s.send(to, packet, (*link.Link).Send) }

// SendLater is Send for a packet that may lie a moment until another one takes it along, in their
// order.
func (s *Sender) SendLater(to node.ID, packet []byte) error {
	return s.send(to, packet, (*link.Link).SendLater)
}

func (s *Sender) send(to node.ID, packet []byte, send func(*link.Link, uint8, []byte) error) error {
	if s.c.ep == nil {
		return node.ErrNoNode
	}
	l := s.c.ep.To(to)
	if l == nil {
		return node.ErrNoNode
	}
	err := send(l, uint8(s.port), packet)
	if errors.Is(err, link.ErrEnded) {
		return node.ErrNoNode
	}

	return err
}
