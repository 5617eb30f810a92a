package mesh

// admit reads a packet's header and finds the peer that sent it; whoever is heard for the first time is up
// from then on. If ok, delivery is held for reading: the caller gives it back when the handler has returned.
func (m *member) admit(packet []byte) (h header, body []byte, p *peer, ok bool) {
	h, body, err := parseHeader(packet)
	if err != nil {
		m.drops.malformed.Add(1)
		m.log.Debug("mesh: a packet that is no packet", "bytes", len(packet))

		return h, nil, nil, false
	}
	m.clock.Observe(h.stamp)
	if h.inc == m.self.Incarnation {
		return h, body, nil, false
	}
	m.delivery.RLock()
	p = m.peerUp(h.inc)
	if p == nil {
		m.delivery.RUnlock()
		m.meetStranger(h)
		m.delivery.RLock()
		p = m.peerUp(h.inc)
	}
	if p != nil {
		return h, body, p, true
	}
	m.delivery.RUnlock()

	return h, body, nil, false
}

// peerUp returns the peer if it is up, and notes that it was heard.
func (m *member) peerUp(inc uint64) *peer {
	p := (*m.up.Load())[inc]
	if p != nil && !p.fresh.Load() {
		p.fresh.Store(true)
	}

	return p
}

func (m *member) onNode(packet []byte) {
	if len(packet) > 0 && kind(packet[0]) == kindMeet {
		m.onMeet(packet)

		return
	}
	if len(packet) > 0 && kind(packet[0]) == kindGoodbye {
		m.onGoodbye(packet)

		return
	}
	m.endGivenUp(packet)
	h, body, p, ok := m.admit(packet)
	if !ok {
		m.countStranger(h)

		return
	}
	defer m.delivery.RUnlock()
	switch h.kind {
	case kindPacket:
		if handler := m.handler(h.port); handler != nil {
			handler.HandlePacket(p.id, body)
		}
	case kindFind:
		m.onFound(p, h.port, body)
	case kindAnswer:
		m.onAnswer(p, body)
	case kindBarrier:
		m.onBarrier(p, h.port, body, m.answerByEngine(p, h.port))
	case kindBeat: // it asked whether anything gets here
	case kindMark, kindCall:
		m.onLinkPacket(h.kind, p, body)
	default:
		m.drops.malformed.Add(1)
	}
}

func (m *member) onLinkPacket(k kind, p *peer, body []byte) {
	switch {
	case m.links == nil || m.state.Load() != stateRunning:
	case k == kindMark:
		m.links.onMark(p, body)
	default:
		m.links.onCall(p)
	}
}

// endGivenUp ends the link whose sender has gone back to the engine: a packet comes by it behind the link's marker. What is still to come
// on the link was sent before this packet, and must not be handled after it.
func (m *member) endGivenUp(packet []byte) {
	if m.links == nil || len(packet) < headerFixed || kind(packet[0]) != kindPacket || !byLink(Port(packet[1])) {
		return
	}
	h, _, err := parseHeader(packet)
	if err != nil {
		return
	}
	p := (*m.up.Load())[h.inc]
	if p == nil || p.marked.Load() == 0 {
		return
	}
	marked := p.marked.Swap(0)
	if c := p.inbound.Load(); c != nil && c.link.ID() == marked {
		c.end(errGivenUp)
	}
}

func (m *member) onAll(packet []byte) {
	if len(packet) > 0 && kind(packet[0]) == kindMeet {
		m.onMeet(packet)

		return
	}
	h, body, p, ok := m.admit(packet)
	if !ok {
		return
	}
	defer m.delivery.RUnlock()
	if h.kind == kindBarrier {
		m.onBarrier(p, h.port, body, m.answerByEngine(p, h.port))
	}
}

func (m *member) onFind(userID string, packet []byte) {
	h, body, p, ok := m.admit(packet)
	from := m.self
	switch {
	case ok:
		from = p.id
	case h.inc == m.self.Incarnation && h.kind == kindFind:
		m.delivery.RLock()
	default:
		m.countStranger(h)

		return
	}
	defer m.delivery.RUnlock()
	if handler := m.handler(h.port); handler != nil && h.kind == kindFind {
		handler.HandleFind(from, userID, body)
	}
}

func (m *member) onNobody(port Port, token uint64) {
	if port != portSelf && m.doubts(port, token) {
		return
	}
	m.delivery.RLock()
	defer m.delivery.RUnlock()
	if handler := m.handler(port); handler != nil {
		m.tellNobody(handler, token)
	}
}

// tellNobody tells that nobody answered a find, if all who should have heard it have.
func (m *member) tellNobody(handler Handler, token uint64) {
	if d, ok := handler.(Doubter); ok && m.outOfReach() {
		d.HandleUnreachable(token)
	} else {
		handler.HandleNobody(token)
	}
}

func (m *member) handler(port Port) Handler {
	if m.state.Load() != stateRunning {
		return nil
	}
	if port > maxPort || m.handlers[port] == nil {
		m.drops.malformed.Add(1)

		return nil
	}

	return m.handlers[port]
}

func (m *member) countStranger(h header) {
	if h.inc != 0 && h.inc != m.self.Incarnation {
		m.drops.strangers.Add(1)
	}
}
