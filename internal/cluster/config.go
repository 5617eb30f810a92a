package cluster

import (
	"context"
	"log/slog"
	"time"

	"github.com/parley-dm/parley/internal/link"
	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/internal/node"
)

// Port tells which part of a node a packet is for.
type Port uint8

// The parts of a node that talk to their like on other nodes.
const (
	PortCluster   Port = 1 // membership
	PortDirectory Port = 2 // which node and session each user is on
	PortDM        Port = 3 // direct messages
	PortAdmin     Port = 4 // what operators ask for
	PortTraces    Port = 5 // the traces of messages that follow
	PortSessions  Port = 6 // what a session that was replaced tells the newer one

	ports = 7
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
	// Loops read the links. Nil: goroutines do.
	Loops *netio.Loops
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
	// LinkEnded: the link to n has ended, and the directory is about to know it. It must not block.
	LinkEnded(n node.ID, reason error)
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
