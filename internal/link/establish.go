package link

import (
	"net"
	"slices"
	"time"
)

// How both sides come to the same link. Every request and response names the highest number that
// its sender has ended for this pair, so that both know the higher of the two. The lower node
// proposes the number above it, and repeats the proposal until it knows whether the link stands;
// giving up ends the number. A number up to the one ended is dead: its holder ends its link before
// anything else.

// accept is the acceptor's handshake. Without an error the connection is taken, or of no use any
// more.
func (s *handshake) accept(base net.Conn, first []byte) error {
	m, welcomedAt, err := s.receive(base, first)
	if err != nil {
		return err
	}
	if s.wanted != 0 && s.wanted != s.e.cfg.Self.Incarnation {
		return s.reject(response{status: statusWrongNode})
	}
	if m.purpose == purposeIntroduce {
		err := s.respond(response{})
		_ = base.Close()

		return err
	}
	p := s.e.acquire(s.dialer.id)
	if p == nil {
		return s.reject(response{status: statusBusy})
	}
	defer s.e.release(p)
	if p.lower != (m.purpose == purposeAsk) { // the lower node dials, the higher one asks
		return s.reject(response{status: statusMalformed})
	}
	if m.purpose == purposeAsk {
		return s.acceptAsk(base, p, &m)
	}
	p.token.take()
	r, err := s.acceptLink(p, &m, welcomedAt)
	p.token.giveBack()
	if r.status != statusOK {
		return s.reject(r, err)
	}

	return err
}

// reject tells the dialer why not. The error is the status's, if none is given.
func (s *handshake) reject(r response, because ...error) error {
	_ = s.respond(r)
	if len(because) > 0 && because[0] != nil {
		return because[0]
	}

	return statusErrors[r.status]
}

// acceptAsk is for the higher node's request to be dialed.
func (s *handshake) acceptAsk(base net.Conn, p *peer, m *request) error {
	e := s.e
	p.token.take()
	if !e.awake(e.cfg.Clock()) {
		p.token.giveBack()

		return s.reject(response{status: statusBusy})
	}
	r := response{ended: e.dialerEnded(p, m.ended)}
	if l := p.link; l != nil {
		r.current = l.number
	}
	p.token.giveBack()
	err := s.respond(r)
	_ = base.Close()
	e.asked(p, m.addr, m.attempt)

	return err
}

// dialerEnded takes note of what the other side has ended, and ends this side's link if it is that.
// Called with p's token held. It returns the highest number that either side has ended.
func (e *Endpoint) dialerEnded(p *peer, number uint64) uint64 {
	if l := p.link; l != nil && l.number <= number {
		e.endHoldingToken(l, ErrRefused, false)
	}
	now := e.cfg.Clock()
	e.mu.Lock()
	defer e.mu.Unlock()
	p.endedUpTo(number, now)

	return p.ended
}

// acceptLink creates or resumes the link that the dialer names, and makes the connection its own.
// The response is the first that is written on it. Called with p's token held.
func (s *handshake) acceptLink(p *peer, m *request, welcomedAt time.Duration) (response, error) {
	e := s.e
	now := e.cfg.Clock()
	if !e.awake(now) {
		return response{status: statusBusy}, nil
	}
	ended := e.dialerEnded(p, m.ended)
	if l := p.link; l != nil && l.silent(now) {
		e.endHoldingToken(l, ErrSilent, false)
		ended = max(ended, l.number)
	}
	l := p.link
	switch {
	case m.current <= ended:
		return response{status: statusEnded, ended: ended}, nil
	case l != nil && (m.current < l.number || m.current == l.number && m.attempt <= l.attempt.Load()):
		return response{status: statusBusy, ended: ended}, errStale // of an attempt that its dialer has given up
	case l == nil && m.standing, l != nil && m.current > l.number:
		// This side never knew that number, or the dialer skipped one: it cannot be resumed.
		if l != nil {
			e.endHoldingToken(l, ErrRefused, false)
		}

		return response{status: statusEnded, ended: e.dialerEnded(p, m.current)}, nil
	case l == nil:
		l = e.newLink(p, m.current, m.addr, m.addr, now, welcomedAt)
		if !e.register(l) {
			return response{status: statusBusy, ended: ended}, nil
		}
		s.take(p, l, m, ended, welcomedAt)
		e.cfg.Handler.LinkUp(l)

		return response{}, nil
	}
	l.fence()
	l.heard.Store(int64(now))
	s.take(p, l, m, ended, 0)

	return response{}, nil
}

// take makes the connection that of an accepted link.
func (s *handshake) take(p *peer, l *Link, m *request, ended uint64, basis time.Duration) {
	l.attempt.Store(m.attempt)
	s.c.wire.gathers()
	if err := s.respond(response{ended: ended, current: l.number, received: l.received.Load()}); err != nil {
		s.c.close() // the reader sees it
	}
	if err := l.attach(s.c, m.received, basis); err != nil {
		s.c.close()
		s.e.endHoldingToken(l, err, false)

		return
	}
	s.e.kick(p, false) // a dial loop has nothing to do any more
	if m.standing {
		s.e.count.resumes.Add(1)
	}
}

// register makes a new link stand. Called with the peer's token held. It returns false if it may
// not.
func (e *Endpoint) register(l *Link) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.pausing.Load() || l.number <= l.peer.ended {
		return false
	}
	l.peer.link = l
	l.peer.creating = 0
	e.editLinksLocked(l, nil)
	e.leases = append(slices.Clip(e.leases), l)

	return true
}
