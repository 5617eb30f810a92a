package link

import (
	"net"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// dialLink is the lower node's handshake with the node at addr, which creates or resumes the link.
func (e *Endpoint) dialLink(p *peer, base net.Conn, addr string) error {
	s := &handshake{e: e}
	if err := s.greet(base, p.id.Incarnation); err != nil {
		return err
	}
	p.token.take()
	m, l, err := e.propose(p)
	p.token.giveBack()
	if err != nil {
		return err
	}
	sentAt := e.cfg.Clock()
	r, err := s.ask(&m)
	if err != nil {
		return err
	}
	if s.acceptor.id != p.id {
		return ErrWrongNode
	}
	p.token.take()
	defer p.token.giveBack()
	now := e.cfg.Clock()
	if !e.awake(now) {
		return ErrPaused
	}
	if e.dialerEnded(p, r.ended) >= m.current {
		return errEnded
	}
	if r.status != statusOK {
		return statusErrors[r.status]
	}
	switch {
	case l == nil:
		if r.received > 0 {
			return errMalformed
		}
		if p.link != nil || now-sentAt >= e.cfg.Timing.Failure {
			return errStale
		}
		l = e.newLink(p, m.current, addr, r.addr, now, sentAt)
		l.attempt.Store(m.attempt)
		e.mu.Lock()
		current := p.creating == m.current
		e.mu.Unlock()
		if !current || !e.register(l) {
			return errStale
		}
		if err := e.join(s.c, l, r.received, sentAt); err != nil {
			return err
		}
		e.cfg.Handler.LinkUp(l)

		return nil
	case p.link != l || l.attempt.Load() != m.attempt:
		return errStale
	case l.silent(now):
		e.endHoldingToken(l, ErrSilent, false)

		return ErrSilent
	}
	l.heard.Store(int64(now))
	e.count.resumes.Add(1)

	return e.join(s.c, l, r.received, sentAt)
}

// join makes the connection that of a dialed link.
func (e *Endpoint) join(c *conn, l *Link, received uint64, sentAt time.Duration) error {
	c.wire.gathers()
	if err := l.attach(c, received, sentAt); err != nil {
		e.endHoldingToken(l, err, false)

		return err
	}

	return nil
}

// propose fences the link, if there is one, and says where it stands. Otherwise it names the number
// of a new one. Called with p's token held.
func (e *Endpoint) propose(p *peer) (m request, l *Link, err error) {
	now := e.cfg.Clock()
	if !e.awake(now) {
		return m, nil, ErrPaused
	}
	m = request{purpose: purposeLink, attempt: e.attempts.Add(1), addr: e.Advertised()}
	if l = p.link; l != nil {
		l.fence()
		l.attempt.Store(m.attempt)
		m.current, m.received, m.standing = l.number, l.received.Load(), true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if l == nil {
		if p.creating == 0 {
			p.creating = p.ended + 1
		}
		p.proposed = now
		m.current = p.creating
	}
	m.ended = p.ended

	return m, l, nil
}

// dialAsk is the higher node's handshake: it asks the node at addr for a dial.
func (e *Endpoint) dialAsk(p *peer, base net.Conn) error {
	s := &handshake{e: e}
	if err := s.greet(base, p.id.Incarnation); err != nil {
		return err
	}
	p.token.take()
	m := request{purpose: purposeAsk, addr: e.Advertised()}
	if l := p.link; l != nil {
		if m.current = l.number; !l.connected.Load() { // otherwise resumed meanwhile: nothing is lost
			m.attempt = l.attempt.Load()
		}
	}
	e.mu.Lock()
	m.ended = p.ended
	e.mu.Unlock()
	p.token.giveBack()
	r, err := s.ask(&m)
	if err != nil {
		return err
	}
	if s.acceptor.id != p.id {
		return ErrWrongNode
	}
	p.token.take()
	defer p.token.giveBack()
	if !e.awake(e.cfg.Clock()) {
		return ErrPaused
	}
	e.dialerEnded(p, r.ended)

	return statusErrors[r.status]
}

// Peer is what Introduce learns.
type Peer struct {
	ID      node.ID
	Addr    string // advertised
	Version int    // of the protocol between nodes
}

// dialIntroduce learns which node is at the other end.
func (e *Endpoint) dialIntroduce(base net.Conn) (Peer, error) {
	s := &handshake{e: e}
	if err := s.greet(base, 0); err != nil {
		return Peer{}, err
	}
	r, err := s.ask(&request{purpose: purposeIntroduce, addr: e.Advertised()})
	if err != nil {
		return Peer{}, err
	}
	if r.status != statusOK {
		return Peer{}, statusErrors[r.status]
	}

	return Peer{ID: s.acceptor.id, Addr: r.addr, Version: Version}, nil
}
