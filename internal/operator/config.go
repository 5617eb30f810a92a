package operator

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/admin"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/locate"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/overview"
	"github.com/parley-dm/parley/user"
)

// Config is what an Operator knows of its node.
type Config struct {
	DM      *dm.Module
	Users   *user.Registry
	Lookups *locate.Lookups
	Cluster Cluster
	// Find finds a session of the node, also one whose login or farewell is under way; nil: there
	// is none.
	Find func(sid node.SID) *user.User
	// Ready tells why the node takes no users, nil if it does. TakesUsers is true from the moment
	// when its parts are there, until its end.
	Ready      func() error
	TakesUsers func() bool
	// Overview is this node's part of the dashboard, with the changes of its view after that
	// number.
	Overview func(after uint64) *overview.Node
	Log      *slog.Logger
}

// Cluster knows the members of the cluster.
type Cluster interface {
	Self() node.ID
	Members() []node.ID
}

// Operator does what operators ask for. Its methods are safe for use by several goroutines, but for
// Join.
type Operator struct {
	cfg   Config
	since time.Time // the node's start
	sid   string    // of messages that operators send

	directory locate.Directory // nil before Join
	peers     *admin.Peers     // nil before Join

	bans       admin.Bans
	lastProbe  atomic.Int64
	probeTimes latency.Histogram // of packets to other nodes and their answers
	watch      *overview.Watch   // of the dashboard

	mu    sync.Mutex
	known map[node.ID]bool // guarded by mu; nodes that have this one's bans
}

// New makes an operator of a node that is no member yet.
func New(cfg Config) *Operator {
	o := &Operator{cfg: cfg, since: time.Now(), sid: user.NewSID()}
	o.watch = overview.NewWatch(o.askOverview)

	return o
}

// Join is called once, before the node takes users.
func (o *Operator) Join(d locate.Directory, links admin.Links) {
	o.directory = d
	o.peers = admin.New(links, local{o}, o.probeTimes.Observe, o.cfg.Log)
}

// HandlePacket takes a packet of another node.
func (o *Operator) HandlePacket(from node.ID, packet []byte) { o.peers.HandlePacket(from, packet) }

// NodeDown says that the link to a node has ended.
func (o *Operator) NodeDown(n node.ID) { o.peers.NodeDown(n) }

// Stop ends what is under way.
func (o *Operator) Stop() {
	o.watch.Stop()
	if o.peers != nil {
		o.peers.Stop()
	}
}

// Probes has the time to each other node taken, at most once a second, and returns what was taken
// before.
func (o *Operator) Probes() latency.Snapshot {
	const pause = time.Second
	last, now := o.lastProbe.Load(), time.Now().UnixNano()
	if o.cfg.TakesUsers() && now-last >= int64(pause) && o.lastProbe.CompareAndSwap(last, now) {
		o.peers.Probe(o.cfg.Cluster.Members())
	}

	return o.probeTimes.Snapshot()
}
