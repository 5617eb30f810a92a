package mesh

import (
	"context"
	"sync"
	"time"
)

// A node that is down without a goodbye may still be given finds: its machine has vanished or stands still, and NATS has not noticed yet, which
// takes seconds, or minutes if the NATS servers are somebody else's. What is given to it is lost. So as long as there is such a shadow, finds
// do not follow the interest: this node asks all others who holds the user, and sends the find to one of those.

// portSelf is the members' own: their questions to each other, and who is told that a node's interest is gone.
const portSelf Port = 0

// seeker receives what comes to portSelf.
type seeker struct{ m *member }

func (seeker) HandlePacket(NodeID, []byte)       {}
func (seeker) HandleFind(NodeID, string, []byte) {}

// HandleNobody says that the engine gives nothing to that node any more.
func (s seeker) HandleNobody(inc uint64) {
	m := s.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.peers[inc]; p != nil {
		p.shadow = false
		m.judgeShadowsLocked()
	}
}

// HandleBarrier names those of the users asked for that this node holds.
func (s seeker) HandleBarrier(_ NodeID, packet []byte) (answer []byte) {
	for user, rest, ok := cutUser(packet); ok; user, rest, ok = cutUser(rest) {
		if s.m.eng.holds(string(user)) {
			answer = appendUser(answer, string(user))
		}
	}

	return answer
}

// A user in a packet is n u8 | n bytes.
func appendUser(dst []byte, user string) []byte { return append(append(dst, byte(len(user))), user...) }

func cutUser(b []byte) (user, rest []byte, ok bool) {
	if len(b) == 0 || len(b) <= int(b[0]) {
		return nil, nil, false
	}

	return b[1 : 1+int(b[0])], b[1+int(b[0]):], true
}

func (m *member) judgeShadowsLocked() {
	shadowed := false
	for _, p := range m.peers {
		shadowed = shadowed || p.shadow
	}
	m.shadowed.Store(shadowed)
}

// askForShadows sends each node that is down something, to learn whether the engine would still give it to that node. One that is only
// standing still takes it for a beat later.
func (m *member) askForShadows(now time.Time) {
	var due []uint64
	m.mu.Lock()
	for inc, p := range m.peers {
		if p.state == peerDown && now.Sub(p.probed) >= 2*m.timing.Failure { // its interest may have come back, with a way between NATS servers
			p.shadow = true
			m.shadowed.Store(true)
		}
		if p.shadow && now.Sub(p.probed) >= m.timing.Beat {
			p.probed = now
			due = append(due, inc)
		}
	}
	m.mu.Unlock()
	for _, inc := range due {
		if b, err := m.compose(kindBeat, 0, nil); err == nil {
			_ = m.eng.probe(inc, portSelf, inc, b.data)
			b.free()
		}
	}
}

// sought is a find whose holder is asked for.
type sought struct {
	user  string
	port  Port
	token uint64
	body  []byte
}

// seeking is the finds that wait for the next question.
type seeking struct {
	mu      sync.Mutex
	waiting []sought // guarded by mu
	bytes   int      // guarded by mu; of their bodies
	running bool     // guarded by mu; seekAll runs
	closed  bool     // guarded by mu; the member stops
}

func (s *seeking) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// Bounds on the finds that wait, and on the user IDs in one question.
const (
	maxSought      = 16384
	maxSoughtBytes = 16 << 20
	maxAsked       = 32 << 10
)

func (m *member) seek(userID string, port Port, packet []byte, token uint64) error {
	s := &m.seeking
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrStopped
	}
	if len(s.waiting) >= maxSought || s.bytes+len(packet) > maxSoughtBytes {
		return ErrOverloaded
	}
	s.waiting = append(s.waiting, sought{userID, port, token, append([]byte(nil), packet...)})
	s.bytes += len(packet)
	if !s.running {
		s.running = true
		m.stopped.Go(m.seekAll)
	}

	return nil
}

// seekAll asks for the holders of all that wait, and ends when none do.
func (m *member) seekAll() {
	s := &m.seeking
	for {
		s.mu.Lock()
		var group []sought
		var question []byte
		for _, f := range s.waiting {
			if len(question) > maxAsked {
				break
			}
			question = appendUser(question, f.user)
			group = append(group, f)
			s.bytes -= len(f.body)
		}
		s.waiting = s.waiting[len(group):]
		if len(group) == 0 {
			s.running, s.waiting = false, nil
		}
		s.mu.Unlock()
		if len(group) == 0 {
			return
		}
		m.askForHolders(group, question)
	}
}

func (m *member) askForHolders(group []sought, question []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*m.timing.Failure) //nolint:mnd // whoever is silent is down before
	defer cancel()
	answers, err := m.Barrier(ctx, portSelf, question)
	holders := make(map[string]NodeID)
	for _, a := range answers {
		for user, rest, ok := cutUser(a.Packet); ok; user, rest, ok = cutUser(rest) {
			holders[string(user)] = a.From
		}
	}
	for _, f := range group {
		switch holder := holders[f.user]; {
		case m.eng.holds(f.user):
			m.found(f)
		case !holder.IsZero():
			if m.sendFound(holder, f) != nil {
				m.uncertain(f)
			}
		case err != nil:
			m.uncertain(f)
		default:
			m.onNobody(f.port, f.token)
		}
	}
}

// found hands over a find of this node for a user of this node.
func (m *member) found(f sought) {
	m.delivery.RLock()
	defer m.delivery.RUnlock()
	if handler := m.handler(f.port); handler != nil {
		handler.HandleFind(m.self, f.user, f.body)
	}
}

func (m *member) sendFound(holder NodeID, f sought) error {
	p := (*m.up.Load())[holder.Incarnation]
	if p == nil {
		return ErrNoNode
	}
	m.mu.Lock()
	adrift := p.adrift
	m.mu.Unlock()
	if adrift { // it has answered by its link
		m.onNobody(f.port, f.token)

		return nil
	}

	return m.toPeer(p, kindFind, f.port, append(appendUser(make([]byte, 0, 1+len(f.user)+len(f.body)), f.user), f.body...))
}

// onFound takes a find that another node has sent to this one, which holds the user.
func (m *member) onFound(from *peer, port Port, body []byte) {
	user, rest, ok := cutUser(body)
	if !ok {
		m.drops.malformed.Add(1)

		return
	}
	if handler := m.handler(port); handler != nil {
		handler.HandleFind(from.id, string(user), rest)
	}
}

// uncertain says that a find has reached nobody, and that this proves nothing.
func (m *member) uncertain(f sought) {
	m.delivery.RLock()
	defer m.delivery.RUnlock()
	tellUncertain(m.handler(f.port), f.token)
}

func tellUncertain(handler Handler, token uint64) {
	switch handler := handler.(type) {
	case nil:
	case Doubter:
		handler.HandleUncertain(token)
	default:
		handler.HandleNobody(token)
	}
}
