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

// Links lists the links as they are now; none for a node that is alone.
func (c *Cluster) Links() []link.State {
	if c.ep == nil {
		return nil
	}

	return c.ep.States()
}

// Ready returns nil if this node is a member and sees MinMembers, else why not.
func (c *Cluster) Ready() error {
	_, err := c.joined()

	return err
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
