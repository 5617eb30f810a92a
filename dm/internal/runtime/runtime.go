package runtime

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/internal/tracing"
)

// Runtime carries the direct messages of one node. Callbacks are set before it is attached to the
// node, messages sent after the node has started. All methods are safe for use by several
// goroutines, but for the setting of callbacks.
type Runtime struct {
	callbacks callbacks
	expose    bool // the built-in commands are to be exposed

	settings   Settings
	configured bool  // Setup has read them
	setupErr   error // of Setup
	parts      messages.Parts
	tracer     *tracing.Tracer // of parts; nil: no message is traced
	self       core.Node
	selfAddr   string

	// life: new, running, stopped
	running atomic.Bool
	stop    chan struct{}
	done    sync.WaitGroup

	bySID *xsync.Map[core.SID, *session]

	tokens           atomic.Uint64                           // of lookups
	lookups          *xsync.Map[uint64, lookup]              // by token
	pendingHandovers *xsync.Map[core.SID, []pendingHandover] // for sessions that have not logged in yet
	closedSessions   *xsync.Map[core.SID, int64]             // that have left or were not welcomed after all, and when, by sweep.now
	closedEpochs     *xsync.Map[string, closedEpochs]        // by user ID; of sessions that are over and not forgotten

	sweep sweep
	stats counters
}

// New returns a runtime that is not part of a node yet.
func New() *Runtime {
	m := &Runtime{
		settings:         DefaultSettings(),
		stop:             make(chan struct{}),
		bySID:            xsync.NewMap[core.SID, *session](),
		lookups:          xsync.NewMap[uint64, lookup](),
		pendingHandovers: xsync.NewMap[core.SID, []pendingHandover](),
		closedSessions:   xsync.NewMap[core.SID, int64](),
		closedEpochs:     xsync.NewMap[string, closedEpochs](),
	}
	m.callbacks.log = slog.Default()
	m.callbacks.time = &m.stats.callbackTime
	m.sweep.watched = make(map[*session]struct{})

	return m
}

// Settings returns the settings in force.
func (m *Runtime) Settings() Settings { return m.settings }

// ExposeCommands has the built-in commands exposed when the node starts.
func (m *Runtime) ExposeCommands() { m.expose = true }

// Attach implements messages.Engine.
func (m *Runtime) Attach(parts messages.Parts) {
	m.parts, m.tracer = parts, parts.Tracer
	m.self = parts.Nodes.Self()
	m.selfAddr = m.self.String()
	m.callbacks.freeze(parts.Log)
	if m.expose {
		m.exposeCommands(parts.Router)
	}
}

// Start implements messages.Engine.
func (m *Runtime) Start() {
	m.sweep.now.Store(time.Now().UnixNano()) // before anything is used or waits
	m.running.Store(true)
	m.done.Go(m.runSweep)
}

// Stop implements messages.Engine.
func (m *Runtime) Stop(ctx context.Context) {
	if !m.running.Load() {
		return
	}
	m.settle(ctx)
	m.running.Store(false)
	close(m.stop)
	m.done.Wait()
	m.each(func(s *session) { s.effects = s.core.Abandon(s.effects) })
}

// each gives an event to every session.
func (m *Runtime) each(event func(s *session)) {
	m.bySID.Range(func(_ core.SID, s *session) bool {
		s.mu.Lock()
		event(s)
		s.endEvent()

		return true
	})
}

// NodeDown implements messages.Engine.
func (m *Runtime) NodeDown(n core.Node) {
	if !m.running.Load() {
		return
	}
	now := m.sweep.now.Load()
	m.each(func(s *session) { s.effects = s.core.NodeDown(s.effects, now, n) })
}

// linked tells whether a node is this one or has a link to it.
func (m *Runtime) linked(n core.Node) bool { return n == m.self || m.parts.Nodes.Linked(n) }

func (m *Runtime) stamp() uint64 { return uint64(m.parts.Clock.Now()) }
