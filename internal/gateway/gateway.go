package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

const (
	// comeBackSpread is over how long the clients of a stopping node are asked to spread their
	// return.
	reconnectSpread = 5 * time.Second
	// stuckTime is how long Drain and Close wait for handlers once all connections are cut.
	handlerTimeout = 5 * time.Second
)

// ErrStuck is what Drain and Close return when handlers of clients' commands did not return in
// time.
var ErrStuck = errors.New("gateway: handlers are still running")

// Gateway holds the connections of one node's clients. Safe for use by several goroutines.
type Gateway struct {
	cfg            Config
	maxBody        int
	key            Verifier
	users          *user.Registry
	router         *command.Router
	host           Host
	log            *slog.Logger
	handlerTimeout time.Duration // stuckTime, but for tests

	loops       loops
	clientPause clientPause
	now         atomic.Uint32 // ticks
	wheel       wheel
	count       counters

	stopping    atomic.Bool    // written with mu held
	routines    sync.WaitGroup // every goroutine of the gateway; Add with mu held and not stopping, or from one of them
	stopSweeper chan struct{}  // closed when the sweeper is to end
	stopped     chan struct{}  // closed when stopping

	mu             sync.Mutex
	listeners      map[net.Listener]struct{} // guarded by mu
	sweeperStopped bool                      // guarded by mu; swept is closed
}

// New makes a gateway. It has a goroutine from the start: Drain or Close it.
func New(cfg Config, key Verifier, users *user.Registry, router *command.Router, host Host) *Gateway {
	cfg = cfg.withDefaults()
	g := &Gateway{
		cfg: cfg, maxBody: cfg.maxBody(), key: key, users: users, router: router, host: host, log: cfg.Logger, handlerTimeout: handlerTimeout,
		stopSweeper: make(chan struct{}), stopped: make(chan struct{}), listeners: make(map[net.Listener]struct{}),
	}
	g.routines.Add(1)
	go g.sweep()

	return g
}

// Sessions is the number of users with a welcome.
func (g *Gateway) Sessions() int { return int(g.count.open.Load()) }

// listening registers a listener and a goroutine, unless the gateway stops.
func (g *Gateway) register(ln net.Listener) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping.Load() {
		return false
	}
	g.routines.Add(1)
	g.listeners[ln] = struct{}{}

	return true
}

// start makes a session of a connection. Early is what has been read from it.
func (g *Gateway) start(conn net.Conn, via transport, early []byte) {
	s := g.newSession(conn, via)
	for len(early) > 0 {
		n := copy(s.input.space(g.maxBody+maxFraming), early)
		s.received(n)
		early = early[n:]
	}
	// Heartbeats and the drain's deadline come first; this is for what they do not see: a client
	// that vanished while its handler runs.
	netio.Tune(underlying(conn), 3*g.cfg.Heartbeat)
	_ = conn.SetDeadline(time.Now().Add(g.cfg.HelloTimeout)) // before anybody else knows the session: see end
	g.mu.Lock()
	if g.stopping.Load() {
		g.mu.Unlock()
		_ = conn.Close()
		s.input.free()

		return
	}
	g.routines.Add(1)
	g.count.accepted.Add(1)
	g.count.pending.Add(1)
	g.wheel.add(s, g.now.Load()+ticksPerHeartbeat)
	g.mu.Unlock()
	go s.serve()
}

// reconnectText is the text of a goodbye 1001.
func (g *Gateway) reconnectText() string {
	return string(wire.AppendReconnect(nil, rand.N(reconnectSpread)))
}

// Drain stops the gateway gently: no more connections, goodbye 1001 to every client with a time to
// come back that spreads them, what is queued is written, and all is waited for. Sessions that are
// not done when ctx ends are cut. It returns ErrStuck if handlers did not return even then.
func (g *Gateway) Drain(ctx context.Context) error {
	g.stop()
	for _, s := range g.wheel.all() {
		s.closeWith(wire.GoodbyeStopping, g.reconnectText(), CauseStopping)
	}

	return g.finish(ctx)
}

// Close stops the gateway at once: clients are told (goodbye 1001) if that takes no waiting. It
// waits for handlers that are running, at most five seconds, and returns ErrStuck if some still
// are.
func (g *Gateway) Close() error {
	g.stop()
	ctx, cancel := context.WithCancel(context.Background())
	for _, s := range g.wheel.all() {
		s.closeWith(wire.GoodbyeStopping, g.reconnectText(), CauseStopping)
		s.abort()
	}
	cancel()

	return g.finish(ctx)
}

func (g *Gateway) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping.Swap(true) {
		return
	}
	close(g.stopped)
	for ln := range g.listeners {
		_ = ln.Close()
	}
}

// finish waits for all goroutines, and cuts what is left when ctx ends.
func (g *Gateway) finish(ctx context.Context) error {
	g.mu.Lock()
	if !g.sweeperStopped {
		g.sweeperStopped = true
		close(g.stopSweeper)
	}
	g.mu.Unlock()
	done := make(chan struct{})
	go func() { // ends with the last handler
		g.routines.Wait()
		g.loops.close()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, s := range g.wheel.all() {
		s.abort()
	}
	t := time.NewTimer(g.handlerTimeout)
	defer t.Stop()
	select {
	case <-done:
		return nil
	case <-t.C:
		return fmt.Errorf("%w after %v", ErrStuck, g.handlerTimeout)
	}
}
