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
	// reconnectSpread is the interval over which the clients of a stopping node spread their
	// reconnects.
	reconnectSpread = 5 * time.Second
	// maxUnsent is how much the system may take for a client beyond what is on its way, in bytes:
	// what is queued behind it by others waits for all of that.
	maxUnsent = 128 << 10
	// handlerTimeout is how long Drain and Close wait for handlers after all connections are
	// closed.
	handlerTimeout = 5 * time.Second
)

// ErrStuck is what Drain and Close return when handlers of clients' commands did not return in
// time.
var ErrStuck = errors.New("gateway: handlers are still running")

// Gateway holds the connections of one node's clients. Safe for use by several goroutines.
type Gateway struct {
	cfg            Config
	maxBody        int
	auth           Authenticator
	users          *user.Registry
	router         *command.Router
	host           Host
	log            *slog.Logger
	debug          bool          // whether the log has level debug
	handlerTimeout time.Duration // the constant, except in tests

	began       time.Time // zero of elapsed
	clientPause clientPause
	now         atomic.Uint32 // ticks
	wheel       wheel
	count       counters
	denials     denials
	door        *door
	userLogins  *userLogins
	tlsSlots    *tlsSlots

	stopping    atomic.Bool    // written with mu held
	routines    sync.WaitGroup // every goroutine of the gateway; Add with mu held and not stopping, or from one of them
	stopSweeper chan struct{}  // closed to end the sweeper
	stopped     chan struct{}  // closed when stopping

	mu             sync.Mutex
	listeners      map[net.Listener]struct{} // guarded by mu
	sweeperStopped bool                      // guarded by mu; stopSweeper is closed
}

// New makes a gateway. It has a goroutine from the start: Drain or Close it. It adds command 1.703
// to the router, which must not be frozen yet.
func New(cfg Config, identify Authenticator, users *user.Registry, router *command.Router, host Host) *Gateway {
	cfg = cfg.withDefaults()
	slots := newTLSSlots()
	cfg.TLS = slots.bound(cfg.TLS)
	g := &Gateway{
		denials: denials{log: cfg.Logger}, door: newDoor(&cfg), userLogins: newUserLogins(cfg.UserLogins), tlsSlots: slots,
		cfg: cfg, maxBody: cfg.maxBody(), auth: identify, users: users, router: router, host: host, log: cfg.Logger, handlerTimeout: handlerTimeout,
		began: time.Now(), stopSweeper: make(chan struct{}), stopped: make(chan struct{}), listeners: make(map[net.Listener]struct{}),
	}
	g.debug = cfg.Logger.Enabled(context.Background(), slog.LevelDebug)
	router.Builtin(wire.EngineVer, wire.CommandToken, g.renewToken)
	g.routines.Add(1)
	go g.sweep()

	return g
}

// Sessions is the number of users with a welcome.
func (g *Gateway) Sessions() int { return int(g.count.open.Load()) }

// register registers a listener and a goroutine, unless the gateway stops.
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

// start makes a session of a visitor.
func (g *Gateway) start(v *visitor, via transport) {
	s := g.newSession(v, via)
	if via != overTLS { // there, what was read is part of the handshake
		s.input.Append(v.early, g.maxBody+maxFraming)
		s.countReceived(len(v.early))
	}
	// Heartbeats and the drain's deadline are shorter. This timeout is for a client that vanishes
	// while its handler runs.
	netio.Tune(s.conn.NetConn(), 3*g.cfg.Heartbeat)
	netio.LimitUnsent(s.conn.NetConn(), maxUnsent)
	s.conn.SetDeadline(time.Now().Add(g.cfg.HelloTimeout)) // before other goroutines know the session: see closeWith
	g.mu.Lock()
	if g.stopping.Load() {
		g.mu.Unlock()
		v.close()
		s.input.Free()

		return
	}
	g.routines.Add(1)
	g.count.accepted.Add(1)
	g.count.pending.Add(1)
	g.wheel.add(s, g.now.Load()+ticksPerHeartbeat)
	g.mu.Unlock()
	go s.serve(v.slot)
}

// reconnectText is the text of a goodbye 1001.
func (g *Gateway) reconnectText() string {
	return string(wire.AppendReconnect(nil, rand.N(reconnectSpread)))
}

// Drain stops the gateway gently: it closes the listeners, sends every client goodbye 1001 with a
// random time to reconnect, writes what is queued, and waits for all goroutines. Sessions that are
// not done when ctx ends are aborted. It returns ErrStuck if handlers do not return even then.
func (g *Gateway) Drain(ctx context.Context) error {
	return g.DrainOver(ctx, 0)
}

// Close stops the gateway at once: clients get goodbye 1001 if that takes no waiting. It waits for
// running handlers, at most five seconds, and returns ErrStuck if some are still running.
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

// finish waits for all goroutines, and aborts the remaining sessions when ctx ends.
func (g *Gateway) finish(ctx context.Context) error {
	g.mu.Lock()
	if !g.sweeperStopped {
		g.sweeperStopped = true
		close(g.stopSweeper)
	}
	g.mu.Unlock()
	defer g.denials.close()
	done := make(chan struct{})
	go func() { // ends with the last handler
		g.routines.Wait()
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
