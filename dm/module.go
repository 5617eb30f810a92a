package dm

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/parley-dm/parley/dm/internal/channel"
)

// Module carries the direct messages of one node. Callbacks are set before it is attached to the node, messages sent after the
// node has started. All methods are safe for use by several goroutines, but for the setting of callbacks.
type Module struct {
	hooks  hooks
	expose bool // the built-in commands are to be exposed

	settings   Settings
	configured bool  // Setup has read them
	setupErr   error // of Setup
	parts      Parts
	self       channel.Node

	// life: new, running, stopped
	running atomic.Bool
	stop    chan struct{}
	done    sync.WaitGroup

	parties *xsync.Map[channel.SID, *party]
	tokens  atomic.Uint64                       // of lookups
	lookups *xsync.Map[uint64, lookup]          // by token
	adopted *xsync.Map[channel.SID, []handover] // for sessions that have not logged in yet
	over    *xsync.Map[channel.SID, int64]      // sessions that have left or were not welcomed after all, and when, by Module.sweep.now
	ended   *xsync.Map[string, ended]           // by user ID; sessions that are over and have parties still

	sweep sweep
	stats Stats
}

// Stats counts what has happened since the start. Read it with atomic loads.
type Stats struct {
	Sent     atomic.Uint64 // messages that a user of this node sent
	Received atomic.Uint64 // messages that came to a user of this node, before any callback
	Finds    atomic.Uint64 // lookups that messages of this node needed
	Outcomes [16]atomic.Uint64
}

// New returns a module that is not part of a node yet.
func New() *Module {
	m := &Module{
		settings: DefaultSettings(),
		stop:     make(chan struct{}),
		parties:  xsync.NewMap[channel.SID, *party](),
		lookups:  xsync.NewMap[uint64, lookup](),
		adopted:  xsync.NewMap[channel.SID, []handover](),
		over:     xsync.NewMap[channel.SID, int64](),
		ended:    xsync.NewMap[string, ended](),
	}
	m.hooks.log = slog.Default()
	m.sweep.busy = make(map[*party]struct{})

	return m
}

// Configure replaces the settings, unless Setup has read some. It must be called before the node starts.
func (m *Module) Configure(s Settings) {
	if !m.configured {
		m.settings = s
	}
}

// Settings returns the settings in force.
func (m *Module) Settings() Settings { return m.settings }

// ExposeCommands lets clients send (701), disconnect (700) and connect (702) by the built-in commands. It must be called before
// the node starts.
func (m *Module) ExposeCommands() { m.expose = true }

// Attach makes the module part of a node. From then on it is given what other nodes send (HandlePacket), the ends of links (NodeDown) and the
// answers of the directory (Located, NotFound, LookupFailed). No callback can be set afterwards.
func (m *Module) Attach(parts Parts) {
	m.parts = parts
	m.self = parts.Nodes.Self()
	m.hooks.freeze(parts.Log)
	if m.expose {
		m.exposeCommands(parts.Router)
	}
}

// Start begins to carry messages.
func (m *Module) Start() {
	m.sweep.now.Store(time.Now().UnixNano()) // before anything is used or waits
	m.running.Store(true)
	m.done.Go(m.runSweep)
}

// Stop waits until what is under way has its outcome, or ctx ends; then nothing is sent any more, and what is still open ends in
// ErrReliableTimeout. Users should have left before.
func (m *Module) Stop(ctx context.Context) {
	if !m.running.Load() {
		return
	}
	m.settle(ctx)
	m.running.Store(false)
	close(m.stop)
	m.done.Wait()
	m.abandon()
}

// Stats returns the module's counters.
func (m *Module) Stats() *Stats { return &m.stats }

// Panics is the number of callbacks that have panicked.
func (m *Module) Panics() uint64 { return m.hooks.panics.Load() }

// Open is the number of channels that users of this node have, for tests and metrics. It looks at all of them.
func (m *Module) Open() (n int) {
	m.parties.Range(func(_ channel.SID, p *party) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, pr := range p.peers {
			if pr.ch.Open() {
				n++
			}
		}

		return true
	})

	return n
}
