package dm_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	members "github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/link/memnet"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/user"
)

// cluster is a cluster of nodes without sockets, on an in-memory network, in the virtual time of a
// synctest bubble.
type cluster struct {
	t      *testing.T
	net    *memnet.Net
	gossip *members.Memory

	// pause is called between the steps of a login, an eviction and a leave, where a busy machine
	// may let other goroutines run for long. Nil: nothing.
	pause func()

	growing sync.Mutex
	nodes   []*node // guarded by growing, where nodes start while others are looked for
}

// newCluster makes a cluster without nodes. Delay is how long a packet takes from one node to
// another.
func newCluster(t *testing.T, delay func(from, to string) time.Duration) *cluster {
	t.Helper()

	return &cluster{t: t, net: memnet.New(memnet.Options{Delay: delay}), gossip: members.NewMemory()}
}

func aMillisecond(_, _ string) time.Duration { return time.Millisecond }

// inCluster runs a test with n nodes in virtual time. Setup sees each module before its node
// starts.
func inCluster(t *testing.T, n int, setup func(m *dm.Module), test func(c *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, aMillisecond)
		c.begin(n, setup)
		test(c)
		c.stop()
	})
}

// begin starts nodes that make one cluster.
func (c *cluster) begin(n int, setup func(m *dm.Module)) {
	c.t.Helper()
	for range n {
		c.start(setup)
	}
	time.Sleep(time.Second) // until all see all, and owners are settled
	synctest.Wait()
}

func (c *cluster) start(setup func(m *dm.Module)) *node {
	c.t.Helper()

	return c.startAs(fmt.Sprintf("n%d", len(c.nodes)+1), func(nd *node) {
		if setup != nil {
			setup(nd.dm)
		}
	})
}

// startAs starts a node of that name.
func (c *cluster) startAs(name string, setup func(nd *node)) *node {
	c.t.Helper()
	nd := &node{c: c, name: name, host: c.net.Host(name), users: user.NewRegistry(), dm: dm.New(), router: command.NewRouter(quiet)}
	cfg := members.Config{
		Node: name, Addr: name + ":1", Secret: "the secret of the tests", Network: nd.host, Discovery: c.gossip.Node(),
		Resolve: func(_ context.Context, host string) ([]string, error) { return []string{host}, nil },
		Clock:   c.net.Clock, Gate: nd.host.Gate, Logger: quiet, Incarnation: uint64(len(c.nodes) + 1), // owners are the same in each run
	}
	for _, other := range c.nodes {
		if !other.crashed.Load() {
			cfg.Join = append(cfg.Join, other.name+":1")
		}
	}
	var err error
	if nd.members, err = members.New(cfg); err != nil {
		c.t.Fatal(err)
	}
	nd.dir = directory.New(nd.members.Sender(members.PortDirectory), nd.members.Clock(), directory.Options{Log: quiet})
	nd.dir.SetSessions(nd)
	nd.dir.SetAsker(messages.Of(nd.dm))
	nd.dm.ExposeCommands()
	setup(nd)
	nd.asked.Directory, nd.asked.asker = nd.dir, nd.dm
	messages.Of(nd.dm).Attach(messages.Parts{
		Users: nd.users, Directory: &nd.asked, Nodes: nd.members.Sender(members.PortDM), Clock: nd.members.Clock(), Router: nd.router, Log: quiet,
	})
	nd.router.Freeze()
	nd.members.SetDirectory(viewOf{nd.dir})
	nd.members.SetHost(hostOf{nd})
	nd.members.Handle(members.PortDirectory, nd.dir.HandlePacket)
	nd.members.Handle(members.PortDM, messages.Of(nd.dm).HandlePacket)
	if err := nd.members.Start(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	messages.Of(nd.dm).Start()
	c.growing.Lock()
	c.nodes = append(c.nodes, nd)
	c.growing.Unlock()

	return nd
}

func (c *cluster) stop() {
	for _, nd := range c.nodes {
		nd.stop()
	}
	synctest.Wait()
}

// cut has nothing pass between two nodes until heal; breakLink breaks what connects them.
func (c *cluster) cut(a, b *node)       { c.net.Cut(a.name, b.name) }
func (c *cluster) heal(a, b *node)      { c.net.Heal(a.name, b.name) }
func (c *cluster) breakLink(a, b *node) { c.net.Break(a.name, b.name) }

// isolate cuts a node off from all others, restore ends that.
func (c *cluster) isolate(nd *node) { c.withOthers(nd, c.cut) }
func (c *cluster) restore(nd *node) { c.withOthers(nd, c.heal) }

func (c *cluster) withOthers(nd *node, do func(a, b *node)) {
	for _, other := range c.nodes {
		if other.name != nd.name {
			do(nd, other)
		}
	}
}

func (c *cluster) pauses() {
	if c.pause != nil {
		c.pause()
	}
}

func request(u *user.User, id uint32, cmd uint16, payload []byte) command.Request {
	return command.Request{User: u, ID: id, Ver: 1, Cmd: cmd, Payload: payload}
}

// configure gives a module its settings.
func configure(m *dm.Module, s dm.Settings) {
	_, err := messages.Of(m).Configure(fmt.Appendf(nil,
		`{"reliableTimeout": %q, "maxMessageSize": %d, "maxChannelsPerUser": %d, "channelIdleTimeout": %q}`,
		s.ReliableTimeout, s.MaxMessageSize, s.MaxChannelsPerUser, s.ChannelIdleTimeout))
	if err != nil {
		panic(err)
	}
}
