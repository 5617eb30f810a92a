package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// Endpoint is a node's end of all its links. Safe for use by several goroutines.
//
// Lock order: a peer's token, then a link's mu, then mu. No lock but a peer's token is held while
// the handler runs. A function whose name ends in Locked is called with its receiver's mu held.
type Endpoint struct {
	cfg       Config
	key       key
	serverTLS *tls.Config
	clientTLS *tls.Config
	ln        net.Listener
	advertise string
	count     counters
	attempts  atomic.Uint64 // handshakes as dialer, for links

	links atomic.Pointer[linkSet] // those that stand; replaced with mu held

	lastTick atomic.Int64  // clock
	pausing  atomic.Bool   // written with mu held
	lapsed   atomic.Bool   // Leased was false since Handler.Resumed was last called
	until    atomic.Int64  // clock; the lease of all links; written with mu held
	notify   chan struct{} // of one token: held around Resumed and Paused

	room chan struct{}   // of maxHandshakes tokens
	done chan struct{}   // closed by Close: dial loops and the monitor end
	ctx  context.Context //nolint:containedctx // that of all dials: it ends with the endpoint
	stop context.CancelFunc
	work sync.WaitGroup // all goroutines, and armed timers

	mu         sync.Mutex
	closed     bool                  // guarded by mu; no link begins
	stopping   bool                  // guarded by mu; no goroutine begins
	peers      map[node.ID]*peer     // guarded by mu
	leases     []*Link               // guarded by mu; links up to the return of LinkDown; replaced, never changed
	handshakes map[net.Conn]struct{} // guarded by mu; handshakes under way
	lastLogged map[string]time.Time  // guarded by mu; addresses whose refusal was logged
	ended      map[string]int64      // guarded by mu; see Stats
	refusals   map[string]int64      // guarded by mu; see Stats
}

// linkSet is immutable.
type linkSet struct {
	byPeer map[node.ID]*Link
	all    []*Link
}

// Listen begins an endpoint.
func Listen(ctx context.Context, cfg Config) (*Endpoint, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	e := &Endpoint{
		cfg: cfg, notify: make(chan struct{}, 1), room: make(chan struct{}, maxHandshakes), done: make(chan struct{}),
		peers: make(map[node.ID]*peer), handshakes: make(map[net.Conn]struct{}), lastLogged: make(map[string]time.Time),
		ended: make(map[string]int64), refusals: make(map[string]int64),
	}
	var err error
	if e.key, err = newKey(cfg.Secret); err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	if e.serverTLS, e.clientTLS, err = tlsConfigs(); err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	if e.ln, err = cfg.Network.Listen(ctx, cfg.Addr); err != nil {
		return nil, err
	}
	if e.advertise = cfg.Advertise; e.advertise == "" {
		e.advertise = advertised(e.ln.Addr())
	}
	e.links.Store(new(linkSet))
	e.until.Store(forever)
	e.lastTick.Store(int64(cfg.Clock()))
	e.ctx, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	e.spawn(e.accept)
	e.spawn(e.monitor)

	return e, nil
}

// Addr is the listener's address.
func (e *Endpoint) Addr() string { return e.ln.Addr().String() }

// Advertised is the address that other nodes get.
func (e *Endpoint) Advertised() string { return e.advertise }

// To returns the link to a node, or nil if none stands. It takes no lock.
func (e *Endpoint) To(peer node.ID) *Link { return e.links.Load().byPeer[peer] }

// Links returns the links that stand. The slice must not be changed.
func (e *Endpoint) Links() []*Link { return e.links.Load().all }

// spawn runs f in a goroutine that Close waits for. It returns false when it is too late.
func (e *Endpoint) spawn(f func()) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stopping {
		return false
	}
	e.work.Go(f)

	return true
}

// editLinksLocked replaces the set of links that stand. Called with mu held.
func (e *Endpoint) editLinksLocked(add, remove *Link) {
	old := e.links.Load()
	set := &linkSet{byPeer: make(map[node.ID]*Link, len(old.all)+1), all: make([]*Link, 0, len(old.all)+1)}
	for _, l := range old.all {
		if l != remove {
			set.byPeer[l.peer.id] = l
			set.all = append(set.all, l)
		}
	}
	if add != nil {
		set.byPeer[add.peer.id] = add
		set.all = append(set.all, add)
	}
	e.links.Store(set)
}

// EndAll sends a goodbye on every link, behind all packets, and ends it. It returns when every
// LinkDown has. The endpoint goes on listening and dialing.
func (e *Endpoint) EndAll(reason error) { e.endEach(e.Links(), reason) }

// endEach ends links at the same time.
func (e *Endpoint) endEach(links []*Link, reason error) {
	var all sync.WaitGroup
	for _, l := range links {
		all.Go(func() { e.end(l, reason, true, nil) })
	}
	all.Wait()
}

// Close ends the endpoint: it sends a goodbye on every link, behind all packets, waits until they
// are written, at most a second or until ctx ends, and stops listening. No goroutine is left.
func (e *Endpoint) Close(ctx context.Context) error {
	e.mu.Lock()
	already := e.closed
	e.closed = true
	e.mu.Unlock()
	if already {
		e.work.Wait()

		return nil
	}
	close(e.done)
	e.endEach(e.Links(), ErrClosed) //nolint:contextcheck // ctx bounds Close; dials have the endpoint's
	e.stop()
	_ = e.ln.Close()
	e.mu.Lock()
	e.stopping = true
	handshakes := slices.Collect(maps.Keys(e.handshakes))
	e.mu.Unlock()
	for _, c := range handshakes { // closing may wait for a call under way: not with a lock
		_ = c.Close()
	}

	finished := make(chan struct{})
	go func() {
		e.work.Wait()
		close(finished)
	}()
	var err error
	select {
	case <-finished:
	case <-ctx.Done():
		err = ctx.Err()
		e.closeLingering()
		<-finished
	}

	return err
}
