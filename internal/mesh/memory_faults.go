package mesh

import (
	"container/heap"
	"maps"
)

// Crash ends a node as if its process had been killed: no goodbye. The others see its silence.
// The node's handlers run no more; its methods return ErrStopped.
func (n *Memory) Crash(node *MemoryMesh) {
	if !node.state.CompareAndSwap(stateRunning, stateStopped) {
		return
	}
	e := n.engine(node)
	n.mu.Lock()
	for _, other := range n.nodes {
		n.disconnectLocked(e, other, true)
	}
	n.removeLocked(e)
	n.mu.Unlock()
	node.halt()
	e.done.Wait()
}

// Cut lets nothing pass between two nodes until Heal: the connection between them is gone, with all that was on it.
func (n *Memory) Cut(a, b *MemoryMesh) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.disconnectLocked(n.engine(a), n.engine(b), true)
	n.cuts[pair{a.self.Incarnation, b.self.Incarnation}] = true
	n.cuts[pair{b.self.Incarnation, a.self.Incarnation}] = true
}

// Heal ends a Cut: the two tell each other whom they hold, and packets pass again.
func (n *Memory) Heal(a, b *MemoryMesh) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.cuts, pair{a.self.Incarnation, b.self.Incarnation})
	delete(n.cuts, pair{b.self.Incarnation, a.self.Incarnation})
	n.connectLocked(n.engine(a), n.engine(b))
}

// LosePath loses the packets of direct messages that are on their way between two nodes, and tells both sides' watchers so, as when a link
// between them breaks. All else passes.
func (n *Memory) LosePath(a, b *MemoryMesh) {
	n.mu.Lock()
	n.engine(a).loseDirectLocked(b.self.Incarnation)
	n.engine(b).loseDirectLocked(a.self.Incarnation)
	n.mu.Unlock()
	a.pathLost(b.self)
	b.pathLost(a.self)
}

func (m *member) pathLost(to NodeID) {
	m.delivery.Lock()
	defer m.delivery.Unlock()
	if p := (*m.up.Load())[to.Incarnation]; p == nil || m.state.Load() != stateRunning {
		return // nobody has a link to a node that is not up
	}
	for _, w := range m.watchers {
		w.PathLost(to)
	}
}

// CutOff takes the engine away from a node; Restore gives it back.
func (n *Memory) CutOff(node *MemoryMesh) {
	e := n.engine(node)
	n.mu.Lock()
	for _, other := range n.nodes {
		n.disconnectLocked(e, other, true)
	}
	e.lost = true
	n.mu.Unlock()
	node.onLost()
}

// Restore ends a CutOff.
func (n *Memory) Restore(node *MemoryMesh) {
	e := n.engine(node)
	n.mu.Lock()
	e.lost = false
	for _, other := range n.nodes {
		n.connectLocked(e, other)
	}
	n.mu.Unlock()
	node.onBack()
}

// Freeze stops a node's goroutines as SIGSTOP would, until Thaw; what is sent to it waits. Goroutines of
// the test that call the node's methods are not stopped.
func (n *Memory) Freeze(node *MemoryMesh) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e := n.engine(node); e.thaw == nil {
		e.thaw = make(chan struct{})
	}
}

// Thaw ends a Freeze.
func (n *Memory) Thaw(node *MemoryMesh) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e := n.engine(node); e.thaw != nil {
		close(e.thaw)
		e.thaw = nil
	}
}

func (n *Memory) engine(node *MemoryMesh) *memoryEngine {
	return node.eng.(*memoryEngine) //nolint:forcetypeassert // a MemoryMesh has no other
}

// connectLocked lets a and b tell each other whom they hold, ahead of all packets.
func (n *Memory) connectLocked(a, b *memoryEngine) {
	if !n.linkedLocked(a, b) {
		return
	}
	n.postLocked(a, b, arrival{what: arriveInterest, users: maps.Clone(a.own)})
	n.postLocked(b, a, arrival{what: arriveInterest, users: maps.Clone(b.own)})
}

// disconnectLocked makes a and b forget whom the other holds, and, if lose, drops what is on its way between them.
func (n *Memory) disconnectLocked(a, b *memoryEngine, lose bool) {
	if a == b {
		return
	}
	if lose {
		delete(a.seen, b.inc)
		delete(b.seen, a.inc)
		a.loseLocked(b.inc)
		b.loseLocked(a.inc)

		return
	}
	n.postLocked(a, b, arrival{what: arriveInterest}) // behind what a has sent
}

func (e *memoryEngine) loseLocked(from uint64) {
	e.keepLocked(func(a arrival) bool { return a.from != from })
}

func (e *memoryEngine) loseDirectLocked(from uint64) {
	e.keepLocked(func(a arrival) bool {
		if a.from != from || a.what != arriveNode {
			return true
		}
		h, _, err := parseHeader(a.packet)

		return err != nil || h.kind != kindPacket || h.port != PortDM
	})
}

// keepLocked throws away what is on its way, but for what it is to keep.
func (e *memoryEngine) keepLocked(keep func(a arrival) bool) {
	kept := e.inbox[:0]
	e.count = 0
	for _, a := range e.inbox {
		if !keep(a) {
			continue
		}
		kept = append(kept, a)
		if a.isPacket() {
			e.count++
		}
	}
	clear(e.inbox[len(kept):])
	e.inbox = kept
	heap.Init(&e.inbox)
}

func (n *Memory) removeLocked(e *memoryEngine) {
	if e.closed {
		return
	}
	e.closed = true
	delete(n.nodes, e.inc)
	e.inbox, e.count = nil, 0
	close(e.quit)
}
