package mesh

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"
)

// member is a node's place in its cluster, over any engine: membership, barriers, and the way of packets
// to their handlers. MemoryMesh and NATS are members.
type member struct {
	self   NodeID
	clock  Clock
	timing Timing
	log    *slog.Logger
	eng    engine
	path   path
	links  *links // nil: this node has none

	handlers [maxPort + 1]Handler // set before start
	watchers []Watcher            // set before start

	// delivery orders packets and changes of membership: handlers run holding it for reading, watchers
	// for writing. So the packets of a node come between its NodeUp and its NodeDown. Taken before mu.
	delivery sync.RWMutex

	up    atomic.Pointer[map[uint64]*peer] // the peers that are up; copied on write, under mu
	state atomic.Uint32

	mu       sync.Mutex
	peers    map[uint64]*peer    // guarded by mu; by incarnation: all that we know of, tombstones included
	barriers map[uint64]*barrier // guarded by mu; those that wait for answers
	joining  bool                // guarded by mu
	waited   bool                // guarded by mu; joining, and nobody need be waited for but those that are known
	resync   bool                // guarded by mu; the engine was lost, and not all peers have been heard since it is back
	doubt    bool                // guarded by mu; a node could not be reached, and not all peers have been heard since
	missing  bool                // guarded by mu; a node lives that this one does not see
	changed  bool                // guarded by mu; the others have not been told yet whom this one sees
	looked   time.Time           // guarded by mu; when they were last asked because of a missing one
	unsure   time.Time           // guarded by mu; until when a doubt that is over still counts
	doubtful []doubtful          // guarded by mu; finds that wait for the next tick
	vanished int                 // guarded by mu; how many peers vanished in the last disaster, 0 when one is back
	lastLoss time.Time           // guarded by mu; when the last of them did

	number   atomic.Uint64 // of barriers
	shadowed atomic.Bool   // a peer is a shadow
	born     time.Time
	felt     atomic.Int64 // the last pulse, as a time.Duration since born
	woken    atomic.Pointer[woken]
	seeking  seeking
	cut      atomic.Bool   // what CutOff says, but for the engine's own state
	inStep   chan struct{} // closed when joining is done
	stop     chan struct{}
	stopped  sync.WaitGroup

	drops drops
}

const maxPort = PortStorage

// Life of a member.
const (
	stateNew uint32 = iota
	stateOpening
	stateRunning
	stateStopped
)

func newMember(name string, timing Timing, log *slog.Logger) (*member, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	m := &member{
		self:     NodeID{Name: name, Incarnation: newIncarnation()},
		timing:   timing.withDefaults(),
		log:      log,
		peers:    make(map[uint64]*peer),
		barriers: make(map[uint64]*barrier),
		born:     time.Now(),
		inStep:   make(chan struct{}),
		stop:     make(chan struct{}),
	}
	m.up.Store(&map[uint64]*peer{})
	m.handlers[portSelf] = seeker{m}

	return m, nil
}

func checkName(name string) error {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || slices.ContainsFunc([]rune(name), unicode.IsControl) {
		return fmt.Errorf("mesh: %q is no node name: it takes 1 to %d bytes of UTF-8 without control characters", name, maxName)
	}

	return nil
}

func newIncarnation() uint64 {
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if inc := binary.BigEndian.Uint64(b[:]); inc != 0 {
			return inc
		}
	}
}

func (m *member) Self() NodeID  { return m.self }
func (m *member) Clock() *Clock { return &m.clock }

func (m *member) Nodes() []NodeID {
	up := *m.up.Load()
	nodes := make([]NodeID, 0, len(up))
	for _, p := range up {
		nodes = append(nodes, p.id)
	}

	return nodes
}

func (m *member) CutOff() bool {
	return m.state.Load() != stateRunning || m.cut.Load() || !m.eng.connected()
}

func (m *member) Handle(port Port, h Handler) { m.handlers[port] = h }
func (m *member) Watch(w Watcher)             { m.watchers = append(m.watchers, w) }

func (m *member) Start(ctx context.Context) error {
	if !m.state.CompareAndSwap(stateNew, stateOpening) {
		return ErrStopped
	}
	m.mu.Lock()
	m.joining = true
	m.mu.Unlock()
	err := m.openLinks(ctx)
	if err == nil {
		err = m.eng.open(ctx, m)
	}
	if err != nil {
		m.state.Store(stateStopped)
		if m.links != nil {
			m.links.shut()
		}
		close(m.stop)

		return err
	}
	m.felt.Store(int64(time.Since(m.born)))
	m.state.Store(stateRunning)
	m.stopped.Go(m.run)
	m.stopped.Go(m.pulse)
	if m.links != nil {
		m.stopped.Go(m.links.run)
	}
	if err := m.join(ctx); err != nil {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = m.Stop(stopCtx)

		return err
	}

	return nil
}

func (m *member) openLinks(ctx context.Context) error {
	if m.links == nil {
		return nil
	}

	return m.links.open(ctx)
}

func (m *member) Stop(ctx context.Context) error {
	if !m.state.CompareAndSwap(stateRunning, stateStopped) {
		m.state.CompareAndSwap(stateNew, stateStopped)

		return nil
	}
	m.halt()
	if m.links != nil {
		m.links.leave(ctx)
	}
	for _, p := range *m.up.Load() {
		_ = m.toPeer(p, kindGoodbye, 0, nil) // whom it does not reach notices by the silence
	}
	m.eng.close(ctx)

	return nil
}

// halt ends the member's own goroutines.
func (m *member) halt() {
	close(m.stop)
	m.seeking.close()
	m.stopped.Wait()
}

func (m *member) Hold(userID string) error {
	if m.state.Load() != stateRunning {
		return ErrStopped
	}

	return m.eng.hold(userID)
}

func (m *member) Release(userID string) {
	if m.state.Load() == stateRunning {
		m.eng.release(userID)
	}
}

// run is the member's own goroutine.
func (m *member) run() {
	t := turn{last: time.Now()}
	m.beat()
	m.every(tick, func() {
		m.eng.pass()
		m.tick(&t, time.Now())
	})
}

// every does something again and again, until the member stops.
func (m *member) every(pause time.Duration, do func()) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-m.stop:
			return
		case <-ticker.C:
			do()
		}
	}
}
