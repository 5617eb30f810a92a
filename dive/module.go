package dive

import (
	"context"

	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/dive/internal/bucket"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/storages"
)

// replicasInterval is how often a core node that has started looks at the replicas of a storage.
const replicasInterval = 500 * time.Millisecond

// Module holds the storages of one node. A parley.Server has one; the package-level functions act
// on [Default]. Its methods are safe for use by several goroutines.
type Module struct {
	mu         sync.Mutex
	storages   map[string]*Storage // guarded by mu
	configured bool                // Setup has read a file; guarded by mu
	setupErr   error               // of Setup; guarded by mu
	warnings   []string            // not logged yet; guarded by mu
	cfg        *natsnode.Config    // nil: not started; guarded by mu
	replicas   int                 // how many a storage can have at most; 0: unknown; guarded by mu
	node       *natsnode.Node      // nil: nothing of NATS runs; guarded by mu
	stopped    bool                // guarded by mu

	underWay   atomic.Int64    // operations
	life       context.Context //nolint:containedctx // of the goroutines in background; ends with Stop
	end        context.CancelFunc
	background sync.WaitGroup
}

// NewModule makes a module without storages.
func NewModule() *Module {
	m := &Module{storages: map[string]*Storage{}}
	m.life, m.end = context.WithCancel(context.Background())

	return m
}

func init() { //nolint:gochecknoinits // the seam: see package internal/storages
	storages.Register(func(module any) storages.Engine {
		m, _ := module.(*Module)

		return engine{m}
	})
}

// Setup reads the storages from a JSON file. What is wrong with it is said when the node starts,
// and keeps it from starting. It must be called before the node starts.
func (m *Module) Setup(confpath string) {
	data, err := os.ReadFile(confpath)
	if err != nil {
		err = &Error{Op: opSetup, Err: fmt.Errorf("%w: %w", ErrSetup, err)}
	} else {
		var warnings []string
		warnings, err = m.read(data)
		if err != nil {
			err = &Error{Op: opSetup, Err: fmt.Errorf("%w: %s: %w", ErrSetup, confpath, err)}
		}
		m.mu.Lock()
		for _, w := range warnings {
			m.warnings = append(m.warnings, confpath+": "+w)
		}
		m.mu.Unlock()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.configured, m.setupErr = true, err
}

func (m *Module) read(data []byte) (warnings []string, err error) {
	options, warnings, err := parseSettings(data)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, o := range options {
		if m.storages[name] != nil {
			return nil, fmt.Errorf("%w: %q", ErrDuplicateStorage, name)
		}
		m.storages[name] = newStorage(m, name, o)
	}

	return warnings, nil
}

// GetStorageByName returns the storage of that name, nil if there is none.
func (m *Module) GetStorageByName(name string) *Storage {
	m.mu.Lock()
	defer m.mu.Unlock()

	return m.storages[name]
}

// New makes a storage; nil options are the defaults. It can be called before the node starts and
// later. The error is [ErrUnknownStorage] if the name is none, [ErrDuplicateStorage], or
// [ErrSetup].
func (m *Module) New(name string, o *Options) (*Storage, error) {
	if o == nil {
		o = &Options{}
	}
	complete := o.complete()
	if err := checkName(name); err != nil {
		return nil, &Error{Op: opNew, Storage: name, Err: err}
	}
	if err := complete.check(); err != nil {
		return nil, &Error{Op: opNew, Storage: name, Err: fmt.Errorf("%w: %w", ErrSetup, err)}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.storages[name] != nil {
		return nil, &Error{Op: opNew, Storage: name, Err: ErrDuplicateStorage}
	}
	for _, w := range o.warnings() {
		m.warnings = append(m.warnings, fmt.Sprintf("storage %q: %s", name, w))
	}
	s := newStorage(m, name, complete)
	if m.cfg != nil && !m.stopped {
		if err := m.checkPlaceLocked(s); err != nil {
			return nil, &Error{Op: opNew, Storage: name, Err: err}
		}
		if err := m.openLocked(s); err != nil {
			return nil, &Error{Op: opNew, Storage: name, Err: fmt.Errorf("%w: %w", ErrUnavailable, err)}
		}
	}
	m.storages[name] = s

	return s, nil
}

// IsReadyToShutdown tells whether no operation is under way. A node that stops waits for that by
// itself.
func (m *Module) IsReadyToShutdown() bool { return m.underWay.Load() == 0 }

// connectLocked starts what runs of NATS on this node, once.
func (m *Module) connectLocked() (err error) {
	if m.node == nil {
		m.node, err = natsnode.Open(*m.cfg)
	}

	return err
}

// openLocked gives a storage its way to NATS.
func (m *Module) openLocked(s *Storage) error {
	for _, w := range m.warnings {
		m.cfg.Log.Warn("a setting of dive has no effect", "why", w)
	}
	m.warnings = nil
	if err := m.connectLocked(); err != nil {
		return err
	}
	b, err := bucket.New(m.node.Conn(), bucket.Config{
		Name: s.name, Replicas: s.options.Replicas, MaxBytes: s.options.MaxBytes, Timeout: s.options.Timeout, ConnTo: m.node.ConnTo,
	})
	if err != nil {
		return err
	}
	s.bucket = b
	close(s.started)
	log, core := m.cfg.Log.With("storage", s.name), m.cfg.Core != ""
	m.background.Go(func() { m.prepare(s, log, core) })
	if m.cfg.URL == "" && !core && len(m.cfg.CoreNodes) > 1 {
		m.background.Go(func() { b.FollowLeader(m.life) })
	}

	return nil
}

// prepare creates a storage, so that the first operation finds it there, and says in the log what
// an operator waits for.
func (m *Module) prepare(s *Storage, log *slog.Logger, core bool) {
	ctx, cancel := context.WithTimeout(m.life, s.options.Timeout)
	err := s.bucket.Ensure(ctx)
	cancel()
	if err != nil && m.life.Err() == nil {
		log.Warn("a storage is not there yet: operations on it fail until it is", "error", err)
		err = s.bucket.Ensure(m.life)
	}
	if err != nil {
		return
	}
	log.Debug("a storage is there")
	if !core || s.options.Replicas == 1 {
		return
	}
	t := time.NewTicker(replicasInterval)
	defer t.Stop()
	for !s.bucket.UpToDate(m.life) {
		select {
		case <-t.C:
		case <-m.life.Done():
			return
		}
	}
	log.Info("all replicas of a storage are up to date")
}

// checkPlaceLocked tells whether there is a place for a storage.
func (m *Module) checkPlaceLocked(s *Storage) error {
	if m.cfg.Clustered && m.cfg.URL == "" && len(m.cfg.CoreNodes) == 0 {
		return fmt.Errorf("%w: storages in a cluster need core nodes: give every node --core-nodes with the core addresses of 1, 3 or 5 nodes, "+
			"and each of these --core with its own; or give all nodes --nats with a NATS cluster", ErrSetup)
	}
	if m.replicas == 0 || s.options.Replicas <= m.replicas {
		return nil
	}
	advice := fmt.Sprintf("start %d core nodes (--core on each, and all of them in --core-nodes of every node)", s.options.Replicas)
	if m.replicas > 1 {
		advice = fmt.Sprintf("name %d core nodes with --core-nodes", s.options.Replicas)
	}

	return fmt.Errorf("%w: storage %q asks for %d replicas, and there can be %d: %s, or set its replicas to %d",
		ErrSetup, s.name, s.options.Replicas, m.replicas, advice, m.replicas-1+m.replicas%2)
}

// engine is what package parley calls.
type engine struct{ m *Module }

// Configure implements storages.Engine.
func (e engine) Configure(data []byte) (warnings []string, err error) {
	e.m.mu.Lock()
	configured := e.m.configured
	e.m.mu.Unlock()
	if configured {
		return []string{"dive.Setup has read a file: the object dive of the settings has no effect"}, nil
	}

	return e.m.read(data)
}

// SetupError implements storages.Engine.
func (e engine) SetupError() error {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()

	return e.m.setupErr
}

// Configured implements storages.Engine.
func (e engine) Configured() bool {
	e.m.mu.Lock()
	defer e.m.mu.Unlock()

	return len(e.m.storages) > 0
}

// Start implements storages.Engine.
func (e engine) Start(cfg natsnode.Config, replicas int) error {
	m := e.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	m.cfg, m.replicas = &cfg, replicas
	names := slices.Sorted(maps.Keys(m.storages))
	for _, name := range names {
		if err := m.checkPlaceLocked(m.storages[name]); err != nil {
			return &Error{Op: opSetup, Err: err}
		}
	}
	if cfg.Core != "" { // it keeps the storages of others too
		if err := m.connectLocked(); err != nil {
			return fmt.Errorf("dive: %w", err)
		}
	}
	for _, name := range names {
		if err := m.openLocked(m.storages[name]); err != nil {
			return fmt.Errorf("dive: %w", err)
		}
	}

	return nil
}

// Stop implements storages.Engine.
func (e engine) Stop(ctx context.Context) {
	m := e.m
	m.mu.Lock()
	if m.stopped {
		m.mu.Unlock()

		return
	}
	m.stopped = true
	node := m.node
	m.mu.Unlock()
	m.waitIdle(ctx)
	m.end()
	if node != nil {
		node.Close()
	}
	m.background.Wait()
}
