package mesh

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"time"
)

// barrier is a call of Barrier or Ask that waits.
type barrier struct {
	number  uint64
	port    Port
	body    []byte // number and packet, to be sent again to those who are late
	sent    time.Time
	waiting map[uint64]*peer // guarded by member.mu; who has not answered yet
	answers []Answer         // guarded by member.mu until done is closed
	done    chan struct{}
}

const numberSize = 8

func (m *member) Barrier(ctx context.Context, port Port, packet []byte) ([]Answer, error) {
	b, err := m.newBarrier(port, packet)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	b.waiting = maps.Clone(*m.up.Load())
	if len(b.waiting) == 0 {
		m.mu.Unlock()

		return nil, nil
	}
	m.barriers[b.number] = b
	m.mu.Unlock()
	_ = m.broadcast(kindBarrier, port, b.body) // whom it does not reach is asked again

	return m.await(ctx, b)
}

func (m *member) Ask(ctx context.Context, to NodeID, port Port, packet []byte) ([]byte, error) {
	b, err := m.newBarrier(port, packet)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	p := (*m.up.Load())[to.Incarnation]
	if p == nil {
		m.mu.Unlock()

		return nil, ErrNoNode
	}
	b.waiting = map[uint64]*peer{to.Incarnation: p}
	m.barriers[b.number] = b
	m.mu.Unlock()
	_ = m.toPeer(p, kindBarrier, port, b.body) // if it does not reach it, it is asked again
	answers, err := m.await(ctx, b)
	switch {
	case err != nil:
		return nil, err
	case len(answers) == 0:
		return nil, ErrNoNode
	}

	return answers[0].Packet, nil
}

func (m *member) newBarrier(port Port, packet []byte) (*barrier, error) {
	if m.state.Load() != stateRunning {
		return nil, ErrStopped
	}
	if len(packet)+numberSize+maxHeader > m.eng.maxPacket() {
		return nil, ErrPacketTooLarge
	}
	b := &barrier{number: m.number.Add(1), port: port, sent: time.Now(), done: make(chan struct{})}
	b.body = append(binary.BigEndian.AppendUint64(make([]byte, 0, numberSize+len(packet)), b.number), packet...)

	return b, nil
}

// await waits for the answers to a barrier, which has been entered.
func (m *member) await(ctx context.Context, b *barrier) ([]Answer, error) {
	select {
	case <-b.done:
	case <-ctx.Done():
	case <-m.stop:
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.barriers, b.number)
	switch {
	case len(b.waiting) == 0:
		return b.answers, nil
	case m.state.Load() != stateRunning:
		return nil, ErrStopped
	case !m.eng.connected():
		return nil, fmt.Errorf("%w: %w", ErrCutOff, context.Cause(ctx))
	}

	return nil, fmt.Errorf("mesh: %d nodes have not answered: %w", len(b.waiting), context.Cause(ctx))
}

// onBarrier answers another node's barrier.
func (m *member) onBarrier(from *peer, port Port, body []byte, send func(answer []byte) error) {
	handler := m.handler(port)
	if len(body) < numberSize || m.state.Load() != stateRunning {
		return
	}
	var answer []byte
	if handler != nil {
		answer = handler.HandleBarrier(from.id, body[numberSize:])
	}
	out := append(append(make([]byte, 0, numberSize+len(answer)), body[:numberSize]...), answer...)
	if err := send(out); err != nil {
		m.log.Debug("mesh: a barrier could not be answered", "node", from.id, "error", err)
	}
}

func (m *member) answerByEngine(to *peer, port Port) func([]byte) error {
	return func(answer []byte) error { return m.toPeer(to, kindAnswer, port, answer) }
}

// onAnswer takes another node's answer to a barrier of ours.
func (m *member) onAnswer(from *peer, body []byte) {
	if len(body) < numberSize {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.barriers[binary.BigEndian.Uint64(body)]
	if b == nil || b.waiting[from.id.Incarnation] == nil {
		return
	}
	b.answers = append(b.answers, Answer{From: from.id, Packet: append([]byte(nil), body[numberSize:]...)})
	b.drop(from.id.Incarnation)
}

// drop stops waiting for a node; under member.mu.
func (b *barrier) drop(inc uint64) {
	if b.waiting[inc] == nil {
		return
	}
	delete(b.waiting, inc)
	if len(b.waiting) == 0 {
		close(b.done)
	}
}

// dropFromBarriersLocked stops waiting for a node that is down.
func (m *member) dropFromBarriersLocked(inc uint64) {
	for _, b := range m.barriers {
		b.drop(inc)
	}
}

// repeatBarriers asks those again that are late: their question or answer was lost with a route or a connection.
func (m *member) repeatBarriers(now time.Time) {
	type question struct {
		to   *peer
		port Port
		body []byte
	}
	var due []question
	m.mu.Lock()
	for _, b := range m.barriers {
		if now.Sub(b.sent) < m.timing.Beat {
			continue
		}
		b.sent = now
		for _, p := range b.waiting {
			due = append(due, question{p, b.port, b.body})
		}
	}
	m.mu.Unlock()
	for _, q := range due {
		_ = m.toPeer(q.to, kindBarrier, q.port, q.body) // late again? asked again
		if c := q.to.link.Load(); c != nil && !m.CutOff() {
			m.askByLink(c, q.port, q.body)
		}
	}
}

// askByLink asks a node that is late by its link. That question may overtake our interest, so only a node that is adrift answers it:
// one that believes no find that ends with nobody, until the engine has brought something of us. So one node
// without its engine does not hold up all the others.
func (m *member) askByLink(c *linked, port Port, body []byte) {
	b, err := m.compose(kindBarrier, port, body)
	if err != nil {
		return
	}
	defer b.free()
	_ = c.link.Control(b.data)
}

// adrift tells whether a barrier of that node needs no proof that our finds know its interest: they do not count.
func (m *member) adrift(from *peer) bool {
	m.mu.Lock()
	defer m.mu.Unlock()

	return m.resync || m.doubt || from.adrift || !m.eng.connected()
}
