package cluster

import (
	"context"
	"fmt"
	"sync"

	"github.com/parley-dm/parley/internal/node"
)

// Memory introduces the nodes of one process to each other, for tests. What one node learns by
// joining another, all learn that have joined one of the two.
type Memory struct {
	mu    sync.Mutex
	nodes map[string]*memoryNode // guarded by mu; by address
}

// NewMemory returns a Memory without nodes.
func NewMemory() *Memory { return &Memory{nodes: make(map[string]*memoryNode)} }

// Node returns the Discovery of one node.
func (m *Memory) Node() Discovery { return &memoryNode{m: m} }

type memoryNode struct {
	m     *Memory
	self  Introduction
	found func(Introduction)
	lost  func(node.ID, bool)
	group map[*memoryNode]bool // guarded by m.mu; shared by all that have joined each other
}

// Start implements Discovery.
func (n *memoryNode) Start(self Introduction, found func(Introduction), lost func(node.ID, bool)) error {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	n.self, n.found, n.lost = self, found, lost
	n.group = map[*memoryNode]bool{n: true}
	n.m.nodes[self.Addr] = n

	return nil
}

// Join implements Discovery.
func (n *memoryNode) Join(_ context.Context, addr string) error {
	n.m.mu.Lock()
	other := n.m.nodes[addr]
	if other == nil {
		n.m.mu.Unlock()

		return fmt.Errorf("no node at %s", addr)
	}
	var tell []func()
	if !n.group[other] {
		merged := make(map[*memoryNode]bool)
		for a := range n.group {
			for b := range other.group {
				tell = append(tell, func() { a.found(b.self) }, func() { b.found(a.self) })
				merged[b] = true
			}
			merged[a] = true
		}
		for a := range merged {
			a.group = merged
		}
	}
	n.m.mu.Unlock()
	for _, f := range tell {
		f()
	}

	return nil
}

// Stop implements Discovery.
func (n *memoryNode) Stop(context.Context) {
	n.m.mu.Lock()
	if n.m.nodes[n.self.Addr] == n {
		delete(n.m.nodes, n.self.Addr)
	}
	delete(n.group, n)
	var tell []func()
	for other := range n.group {
		tell = append(tell, func() { other.lost(n.self.ID, true) })
	}
	n.m.mu.Unlock()
	for _, f := range tell {
		f()
	}
}
