package mesh

import "sync"

// path is how packets go to a peer: by the engine, which can always be tried, or by links, where they stand.
type path interface {
	carry(to *peer, port Port, packet []byte, hurry hurry) error
}

// hurry tells whether somebody waits for a packet.
type hurry bool

const (
	later hurry = false
	now   hurry = true
)

// throughEngine is the path of a node without links.
type throughEngine struct{ m *member }

func (t throughEngine) carry(to *peer, port Port, packet []byte, _ hurry) error {
	return t.m.toPeer(to, kindPacket, port, packet)
}

func (m *member) Send(to NodeID, port Port, packet []byte) error {
	return m.send(to, port, packet, now)
}

func (m *member) SendLater(to NodeID, port Port, packet []byte) error {
	return m.send(to, port, packet, later)
}

func (m *member) send(to NodeID, port Port, packet []byte, hurry hurry) error {
	if m.state.Load() != stateRunning {
		return ErrStopped
	}
	p := (*m.up.Load())[to.Incarnation]
	if p == nil {
		return ErrNoNode
	}

	return m.path.carry(p, port, packet, hurry)
}

func (m *member) Find(userID string, port Port, packet []byte, token uint64) error {
	if m.state.Load() != stateRunning {
		return ErrStopped
	}
	if m.CutOff() {
		return ErrCutOff
	}

	if m.shadowed.Load() {
		return m.seek(userID, port, packet, token)
	}
	b, err := m.compose(kindFind, port, packet)
	if err != nil {
		return err
	}
	defer b.free()

	return m.eng.toHolder(userID, port, token, b.data)
}

// toPeer sends a packet by the engine.
func (m *member) toPeer(to *peer, k kind, port Port, body []byte) error {
	b, err := m.compose(k, port, body)
	if err != nil {
		return err
	}
	defer b.free()

	return m.eng.toNode(to.id.Incarnation, b.data)
}

func (m *member) broadcast(k kind, port Port, body []byte) error {
	b, err := m.compose(k, port, body)
	if err != nil {
		return err
	}
	defer b.free()

	return m.eng.toAll(b.data)
}

// compose puts header and body together.
func (m *member) compose(k kind, port Port, body []byte) (*buffer, error) {
	if len(body)+maxHeader > m.eng.maxPacket() {
		return nil, ErrPacketTooLarge
	}
	b := buffers.Get().(*buffer) //nolint:forcetypeassert // it holds nothing else
	b.data = appendHeader(b.data[:0], k, port, m.clock.Now(), m.self)
	b.data = append(b.data, body...)

	return b, nil
}

// buffer holds a packet while it is handed to the engine.
type buffer struct{ data []byte }

// maxPooled keeps a few huge packets from living for ever.
const maxPooled = 128 << 10

var buffers = sync.Pool{New: func() any { return new(buffer) }}

func (b *buffer) free() {
	if cap(b.data) <= maxPooled {
		buffers.Put(b)
	}
}

// Batch stands around many calls of Send in a row. Begin and End come in pairs, on any goroutine: what is sent between them, by whomever, may
// wait for End, and leaves with fewer system calls.
type Batch interface {
	Begin()
	End()
}

// Batch returns the mesh's, nil if it would be of no use.
func (m *member) Batch() Batch {
	if m.links == nil {
		return nil
	}

	return &m.links.cork
}
