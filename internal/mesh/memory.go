package mesh

import (
	"container/heap"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// MemoryOptions set up a Memory network. The zero value is a network without delay.
type MemoryOptions struct {
	Timing Timing
	// Delay, if not nil, is asked for every packet and every change of interest how long it travels. What one node sends to
	// another still arrives in order.
	Delay func(from, to NodeID) time.Duration
	// MaxPacket is the length of the longest packet; default 1 MiB.
	MaxPacket int
	// Inbox is how many packets may wait at a node; what comes then is dropped, and counted. Default 65536.
	Inbox int
	// Seed makes the choices among several holders of a user repeatable.
	Seed   uint64
	Logger *slog.Logger
}

// Memory is a network in memory, for tests: its nodes behave as those of an engine do, with faults at will. It uses only
// goroutines, mutexes and timers, so that a whole cluster lives in one testing/synctest bubble. A change of interest travels
// to each other node like a packet does: who asks for a user before it has arrived finds nobody, as with NATS.
type Memory struct {
	opts MemoryOptions

	mu    sync.Mutex
	nodes map[uint64]*memoryEngine // guarded by mu; those that are running
	cuts  map[pair]bool            // guarded by mu
	rng   *rand.Rand               // guarded by mu
	seq   uint64                   // guarded by mu
}

// pair is an ordered pair of incarnations.
type pair struct{ from, to uint64 }

// MemoryMesh is one node of a Memory network.
type MemoryMesh struct{ *member }

var _ Mesh = (*MemoryMesh)(nil)

// NewMemory makes a network without nodes.
func NewMemory(opts MemoryOptions) *Memory {
	const (
		maxPacket = 1 << 20
		inbox     = 1 << 16
	)
	if opts.MaxPacket <= 0 {
		opts.MaxPacket = maxPacket
	}
	if opts.Inbox <= 0 {
		opts.Inbox = inbox
	}

	return &Memory{
		opts:  opts,
		nodes: make(map[uint64]*memoryEngine),
		cuts:  make(map[pair]bool),
		rng:   rand.New(rand.NewPCG(opts.Seed, opts.Seed)),
	}
}

// Node makes a node of the network; it is there from its Start. It panics if the name is no node name.
func (n *Memory) Node(name string) *MemoryMesh {
	log := n.opts.Logger
	if log != nil {
		log = log.With("self", name)
	}
	m, err := newMember(name, n.opts.Timing, log)
	if err != nil {
		panic(err)
	}
	m.path = throughEngine{m}
	m.eng = &memoryEngine{
		net:  n,
		inc:  m.self.Incarnation,
		id:   m.self,
		own:  make(map[string]struct{}),
		seen: make(map[uint64]map[string]struct{}),
		last: make(map[uint64]time.Time),
		wake: make(chan struct{}, 1),
		quit: make(chan struct{}),
	}

	return &MemoryMesh{m}
}

// memoryEngine is a node's end of the network.
type memoryEngine struct {
	net  *Memory
	inc  uint64
	id   NodeID
	up   receiver
	quit chan struct{}
	wake chan struct{} // has room for one
	done sync.WaitGroup

	// guarded by net.mu

	own    map[string]struct{}            // whom this node holds
	seen   map[uint64]map[string]struct{} // whom other nodes hold, as far as this one has heard
	last   map[uint64]time.Time           // when the last thing from that node arrives
	inbox  arrivals
	lost   bool // the engine is away
	closed bool
	thaw   chan struct{} // not nil while the node is frozen
	count  int           // of packets in inbox
}

func (e *memoryEngine) open(_ context.Context, up receiver) error {
	e.up = up
	n := e.net
	n.mu.Lock()
	n.nodes[e.inc] = e
	for _, other := range n.nodes {
		n.connectLocked(e, other)
	}
	n.mu.Unlock()
	e.done.Go(e.run)

	return nil
}

func (e *memoryEngine) close(context.Context) {
	n := e.net
	n.mu.Lock()
	if !e.closed {
		for _, other := range n.nodes {
			n.disconnectLocked(e, other, false)
		}
	}
	n.removeLocked(e)
	n.mu.Unlock()
	e.done.Wait()
}

func (e *memoryEngine) connected() bool {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()

	return !e.lost && !e.closed
}

func (e *memoryEngine) expects() (company, string) {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	for _, other := range e.net.nodes {
		if e.net.linkedLocked(e, other) {
			return companySurely, "the other nodes in memory"
		}
	}

	return companyNone, ""
}

func (e *memoryEngine) maxPacket() int { return e.net.opts.MaxPacket }

func (e *memoryEngine) reaches(n int) bool {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	for _, other := range e.net.nodes {
		if e.net.linkedLocked(e, other) {
			n--
		}
	}

	return n <= 0
}

func (e *memoryEngine) toNode(to uint64, packet []byte) error {
	n := e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.lost {
		return ErrCutOff
	}
	if other := n.nodes[to]; other != nil && n.linkedLocked(e, other) {
		n.postLocked(e, other, arrival{what: arriveNode, packet: append([]byte(nil), packet...)})
	}

	return nil
}

func (e *memoryEngine) toAll(packet []byte) error {
	n := e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.lost {
		return ErrCutOff
	}
	for _, other := range n.nodes {
		if n.linkedLocked(e, other) {
			n.postLocked(e, other, arrival{what: arriveAll, packet: append([]byte(nil), packet...)})
		}
	}

	return nil
}

func (e *memoryEngine) toHolder(userID string, port Port, token uint64, packet []byte) error {
	n := e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.lost {
		return ErrCutOff
	}
	var holders []*memoryEngine
	if _, ok := e.own[userID]; ok {
		holders = append(holders, e)
	}
	for inc, users := range e.seen {
		if _, ok := users[userID]; ok && n.nodes[inc] != nil {
			holders = append(holders, n.nodes[inc])
		}
	}
	if len(holders) == 0 {
		n.postLocked(e, e, arrival{what: arriveNobody, port: port, token: token})

		return nil
	}
	to := holders[n.rng.IntN(len(holders))]
	n.postLocked(e, to, arrival{what: arriveFind, user: userID, packet: append([]byte(nil), packet...)})

	return nil
}

func (e *memoryEngine) probe(to uint64, port Port, token uint64, packet []byte) error {
	n := e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	switch other := n.nodes[to]; {
	case e.lost:
		return ErrCutOff
	case other != nil && n.linkedLocked(e, other):
		n.postLocked(e, other, arrival{what: arriveNode, packet: append([]byte(nil), packet...)})
	default:
		n.postLocked(e, e, arrival{what: arriveNobody, port: port, token: token})
	}

	return nil
}

func (e *memoryEngine) holds(userID string) bool {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	_, held := e.own[userID]

	return held
}

func (e *memoryEngine) hold(userID string) error {
	n := e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	e.own[userID] = struct{}{}
	for _, other := range n.nodes {
		if n.linkedLocked(e, other) {
			n.postLocked(e, other, arrival{what: arriveHold, user: userID})
		}
	}

	return nil
}

func (e *memoryEngine) release(userID string) {
	n := e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(e.own, userID)
	for _, other := range n.nodes {
		if n.linkedLocked(e, other) {
			n.postLocked(e, other, arrival{what: arriveRelease, user: userID})
		}
	}
}

func (e *memoryEngine) pass() {
	e.net.mu.Lock()
	thaw := e.thaw
	e.net.mu.Unlock()
	if thaw == nil {
		return
	}
	select {
	case <-thaw:
	case <-e.quit:
	}
}

// linkedLocked tells whether packets pass from a to b.
func (n *Memory) linkedLocked(a, b *memoryEngine) bool {
	return a != b && !a.lost && !b.lost && !n.cuts[pair{a.inc, b.inc}] && n.nodes[a.inc] == a && n.nodes[b.inc] == b
}

// postLocked puts something on its way.
func (n *Memory) postLocked(from, to *memoryEngine, a arrival) {
	if a.isPacket() {
		if to.count >= n.opts.Inbox {
			to.drop(a)

			return
		}
		to.count++
	}
	a.at = time.Now()
	if n.opts.Delay != nil && from != to {
		a.at = a.at.Add(n.opts.Delay(from.id, to.id))
	}
	if last := to.last[from.inc]; a.at.Before(last) {
		a.at = last
	}
	to.last[from.inc] = a.at
	n.seq++
	a.from, a.seq = from.inc, n.seq
	heap.Push(&to.inbox, a)
	select {
	case to.wake <- struct{}{}:
	default:
	}
}

func (e *memoryEngine) drop(a arrival) {
	m, _ := e.up.(*member)
	switch {
	case m == nil:
	case a.what == arriveFind:
		m.drops.finds.Add(1)
	default:
		m.drops.packets.Add(1)
	}
}
