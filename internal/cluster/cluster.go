package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/link"
	"github.com/parley-dm/parley/internal/node"
)

// Errors of a cluster. Test with errors.Is.
var (
	// ErrSecret: no node to join has this node's cluster secret.
	ErrSecret = errors.New("the cluster secret is not that of the nodes to join: all nodes need the same one")
	// ErrName: a node of this node's name is in the cluster.
	ErrName = errors.New("another node of the cluster has this node's name")
	// ErrStopped: the cluster was stopped while it was being joined.
	ErrStopped = errors.New("stopped")
)

// Port tells which part of a node a packet is for.
type Port uint8

// The parts of a node that talk to their like on other nodes.
const (
	PortCluster   Port = 1 // membership
	PortDirectory Port = 2 // which node and session each user is on
	PortDM        Port = 3 // direct messages

	ports = 4
)

// Config names a node and the cluster that it joins.
type Config struct {
	// Node is the node's name, 1 to 128 bytes.
	Node string
	// Addr is where links and gossip of other nodes come in. Empty: the node is alone, and opens
	// nothing.
	Addr string
	// Advertise is where other nodes reach that, if elsewhere.
	Advertise string
	// Join lists cluster addresses of some or all nodes, host:port. All addresses of a host name
	// are tried, resolved anew each time. This node's own may be among them.
	Join []string
	// Secret is shared by all nodes.
	Secret string
	// MinMembers is how many members the view must have for the node to be ready, itself included.
	MinMembers int
	// Cork, if not nil, holds up what all links write.
	Cork *link.Cork
	// Logger gets what an operator should know. It must not block.
	Logger *slog.Logger

	// For tests; the zero values are TCP, gossip, DNS, a random number and the process itself.

	Incarnation uint64
	Network     link.Network
	Discovery   Discovery
	Resolve     func(ctx context.Context, host string) ([]string, error)
	Timing      link.Timing
	Clock       func() time.Duration
	Gate        func()
}

// Directory receives the view; package directory is one. Calls come one at a time, in order. They
// must not block, and may call back only what Sender offers.
type Directory interface {
	// NodeLinked: a node looks for the cluster; it may enter.
	NodeLinked(n node.ID)
	// ViewChanged: the members are these, sorted, this node among them; none: this node is not a
	// member.
	ViewChanged(members []node.ID)
	// NodeDown: the link to n has ended, and the members are these.
	NodeDown(n node.ID, members []node.ID)
	// Resumed: every link is acknowledged in time again.
	Resumed()
	// Paused: this process did not run for a while. All links have ended, and the view is empty.
	Paused()
}

// Host is what a node does about its membership.
type Host interface {
	// NodeDown: the link to n has ended, and the directory knows it. Calls for different nodes may
	// come at the same time.
	NodeDown(n node.ID)
	// StepOut ends all sessions of the node, because it must leave the cluster for a while. It
	// returns when they have ended.
	StepOut()
	// Paused: this process did not run for that long. No client may be handled until the directory
	// has claimed all sessions anew.
	Paused(gap time.Duration)
	// Failed: the node cannot be in the cluster and has to stop.
	Failed(err error)
}

// Cluster is one node's membership. Its methods are safe for use by several goroutines.
type Cluster struct {
	cfg   Config
	self  node.ID
	clock node.Clock
	log   *slog.Logger

	directory Directory                    // set before Start
	host      Host                         // set before Start
	handlers  [ports]func(node.ID, []byte) // set before Start

	ep        *link.Endpoint // nil: alone
	discovery Discovery
	view      atomic.Pointer[[]node.ID] // the members, sorted
	wake      chan struct{}             // has room for one
	searchNow chan struct{}             // has room for one
	running   sync.WaitGroup
	cancel    context.CancelFunc

	mu             sync.Mutex
	core           *core               // guarded by mu
	known          map[node.ID]known   // guarded by mu; nodes that were introduced
	changed        chan struct{}       // guarded by mu; closed when the view, the state or failure changes
	failure        error               // guarded by mu
	stepOutPending bool                // guarded by mu; Host.StepOut is to be called
	lines          []func()            // guarded by mu; log lines, written after mu is released
	stopped        bool                // guarded by mu
	answers        map[string]answered // guarded by mu; by address to join

	answeredAll bool // guarded by mu; every address to join has answered
	everMember  bool // guarded by mu
}

// known is a node that was introduced.
type known struct {
	addr string
	lost time.Time // when gossip lost it; zero: it did not
}

// forgetAfter is how long a node that gossip has lost is still called.
const forgetAfter = 10 * time.Minute

// tick is how often the core is asked what is due.
const tick = 100 * time.Millisecond

// New makes a node that has not joined yet.
func New(cfg Config) (*Cluster, error) {
	if cfg.Node == "" || len(cfg.Node) > maxName {
		return nil, fmt.Errorf("a node name has 1 to %d bytes", maxName)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Resolve == nil {
		cfg.Resolve = net.DefaultResolver.LookupHost
	}
	c := &Cluster{
		cfg: cfg, self: node.New(cfg.Node), log: cfg.Logger, discovery: cfg.Discovery, wake: make(chan struct{}, 1), searchNow: make(chan struct{}, 1),
		known: make(map[node.ID]known), changed: make(chan struct{}), answers: make(map[string]answered), cancel: func() {},
	}
	if cfg.Incarnation != 0 {
		c.self.Incarnation = cfg.Incarnation
	}
	c.view.Store(new([]node.ID))

	return c, nil
}

// SetDirectory sets the receiver of the view. Call it before Start.
func (c *Cluster) SetDirectory(d Directory) { c.directory = d }

// SetHost sets what the node does about its membership. Call it before Start.
func (c *Cluster) SetHost(h Host) { c.host = h }

// Handle sets the receiver of a port's packets. Call it before Start. The receiver runs on the
// goroutine that reads the link, so it must not block; the packet is valid until it returns.
func (c *Cluster) Handle(port Port, f func(from node.ID, packet []byte)) { c.handlers[port] = f }

// Self is this node.
func (c *Cluster) Self() node.ID { return c.self }

// Clock is the cluster's clock as this node knows it.
func (c *Cluster) Clock() *node.Clock { return &c.clock }

// Members lists the members, sorted, this node among them; none if it is not a member.
func (c *Cluster) Members() []node.ID { return *c.view.Load() }

// Addr is where links and gossip come in, once started; "" if nowhere.
func (c *Cluster) Addr() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ep == nil {
		return ""
	}

	return c.ep.Addr()
}

// Running is false while this process has just found out that it did not run for a while. It reads
// a clock.
func (c *Cluster) Running() bool { return c.ep == nil || c.ep.Running() }

// Stats counts what has happened on the links; zeros for a node that is alone.
func (c *Cluster) Stats() link.Stats {
	if c.ep == nil {
		return link.Stats{}
	}

	return c.ep.Stats()
}

// Start joins the cluster. It returns nil when the node is a member and the view has MinMembers.
func (c *Cluster) Start(ctx context.Context) error {
	if c.cfg.Addr == "" {
		c.startAlone()

		return nil
	}
	if err := c.open(ctx); err != nil {
		return err
	}
	begun := time.Now()
	wait := time.NewTicker(lookTime)
	defer wait.Stop()
	for {
		changed, err := c.joined()
		if err == nil || !errors.Is(err, errWaiting) {
			return err
		}
		select {
		case <-changed:
		case <-wait.C:
			c.log.Info("not ready yet", "why", err.Error(), "for", time.Since(begun).Round(time.Second).String())
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
	}
}

func (c *Cluster) startAlone() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.core = newCore(c.self, time.Now())
	c.core.found = true
	c.doLocked(c.core.tick(nil, time.Now()))
}

// open opens the cluster address and begins to look for the other nodes.
func (c *Cluster) open(ctx context.Context) error {
	ep, err := c.listen(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.core = newCore(c.self, time.Now())
	c.core.found = len(c.cfg.Join) == 0
	c.ep = ep
	c.mu.Unlock()
	err = c.discovery.Start(Introduction{ID: c.self, Addr: ep.Advertised()}, c.found, c.lost)
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.running.Go(func() { c.run(run) })
	c.running.Go(func() { c.search(run) })
	c.wake <- struct{}{} // a node without addresses to join need not wait for a tick

	return nil
}

// errWaiting is wrapped by the reasons that time may mend.
var errWaiting = errors.New("not ready")

// Ready returns nil if this node is a member and sees MinMembers, else why not.
func (c *Cluster) Ready() error {
	_, err := c.joined()

	return err
}

func (c *Cluster) joined() (changed <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.failure != nil:
		return c.changed, c.failure
	case c.stopped:
		return c.changed, ErrStopped
	case c.core == nil:
		return c.changed, fmt.Errorf("%w: not started", errWaiting)
	case c.core.state == leaving:
		return c.changed, fmt.Errorf("%w: it leaves the cluster, because it misses a member that others see", errWaiting)
	case c.core.state == looking:
		return c.changed, fmt.Errorf("%w: looking for the other nodes", errWaiting)
	case len(c.Members()) < c.cfg.MinMembers:
		return c.changed, fmt.Errorf("%w: %d of %d members (--min-members)", errWaiting, len(c.Members()), c.cfg.MinMembers)
	}

	return c.changed, nil
}

// run does what is due until ctx ends.
func (c *Cluster) run(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-t.C:
		}
		c.gate()
		c.event(func(acts []action, now time.Time) []action {
			c.forgetLocked(now)
			c.core.silent = c.silentLocked()

			return c.core.tick(acts, now)
		})
		c.mu.Lock()
		out := c.stepOutPending
		c.stepOutPending = false
		c.mu.Unlock()
		if out {
			c.stepOut()
		}
	}
}

// silentLocked is the set of nodes whose links are suspended.
func (c *Cluster) silentLocked() (silent map[node.ID]bool) {
	for _, l := range c.ep.Links() {
		if l.Suspended() {
			if silent == nil {
				silent = make(map[node.ID]bool)
			}
			silent[l.Peer()] = true
		}
	}

	return silent
}

// IsMember tells whether this node is a member that does not leave.
func (c *Cluster) IsMember() bool {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.core != nil && c.core.state == member
}

func (c *Cluster) gate() {
	if c.cfg.Gate != nil {
		c.cfg.Gate()
	}
}

// stepOut leaves the cluster: sessions first, then links.
func (c *Cluster) stepOut() {
	c.log.Warn("this node leaves the cluster until it has a link to every member: its users are sent to other nodes")
	c.host.StepOut()
	c.event(c.steppedOut)
	c.ep.EndAll(errSteppedOut)
}

func (c *Cluster) steppedOut(acts []action, now time.Time) []action {
	return c.core.steppedOut(acts, now)
}

var errSteppedOut = errors.New("it has left the cluster for a while")

// Stop leaves the cluster: what was sent before arrives before the goodbye. Afterwards no handler
// runs.
func (c *Cluster) Stop(ctx context.Context) error {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()

		return nil
	}
	c.stopped = true
	c.changeLocked()
	c.mu.Unlock()
	c.cancel()
	c.running.Wait()
	if c.ep == nil {
		return nil
	}
	err := c.ep.Close(ctx)
	c.discovery.Stop(ctx)

	return err
}

// event gives an event to the core, carries out what comes of it, and logs.
func (c *Cluster) event(f func(acts []action, now time.Time) []action) {
	var buf [8]action
	c.mu.Lock()
	c.doLocked(f(buf[:0], time.Now()))
	lines := c.lines
	c.lines = nil
	c.mu.Unlock()
	for _, line := range lines {
		line()
	}
}

// doLocked carries out actions.
func (c *Cluster) doLocked(acts []action) {
	for i := range acts {
		a := &acts[i]
		switch a.do {
		case tell:
			if l := c.ep.To(a.node); l != nil {
				_ = l.Send(uint8(PortCluster), c.core.status().append(nil)) // else its end is about to be told
			}
		case ahead:
			c.directory.NodeLinked(a.node)
		case viewChanged:
			c.setViewLocked(a.view)
			c.directory.ViewChanged(a.view)
		case down:
			c.setViewLocked(a.view)
			c.directory.NodeDown(a.node, a.view)
		case stepOut:
			c.stepOutPending = true
			select {
			case c.wake <- struct{}{}:
			default:
			}
		case yield:
			c.failLocked(fmt.Errorf("%w: %s is %s: give this one another --node", ErrName, c.self.Name, a.node))
		case conflict:
			other := a.node
			c.logLocked(func() {
				c.log.Error("a node of this node's name was refused: names must differ", "other", other.String())
			})
		}
	}
}

func (c *Cluster) logLocked(line func()) { c.lines = append(c.lines, line) }

func (c *Cluster) setViewLocked(view []node.ID) {
	old := c.Members()
	c.view.Store(&view)
	c.everMember = c.everMember || len(view) > 0
	c.changeLocked()
	if slices.Equal(old, view) || c.stopped {
		return
	}
	names := make([]string, len(view))
	for i, n := range view {
		names[i] = n.String()
	}
	if c.ep != nil {
		c.logLocked(func() { c.log.Info("the members of the cluster have changed", "members", len(names), "nodes", names) })
	}
}

// changeLocked wakes those that wait for a change.
func (c *Cluster) changeLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// failLocked records that this node cannot be in the cluster.
func (c *Cluster) failLocked(err error) {
	if c.failure != nil {
		return
	}
	c.failure = err
	c.changeLocked()
	c.logLocked(func() { c.host.Failed(err) })
}
