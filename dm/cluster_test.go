package dm_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/sessions"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley/dm"
	members "github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/link/memnet"
	"github.com/parley-dm/parley/internal/messages"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

func TestMain(m *testing.M) {
	slog.SetDefault(quiet)
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.DiscardHandler)

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

// node is one node: what package parley puts together, without gateway and storages.
type node struct {
	c       *cluster
	name    string
	host    *memnet.Host
	members *members.Cluster
	users   *user.Registry
	between sync.Map // of *user.User by SID: those that are logging in or leaving, as in package parley
	dir     *directory.Directory
	asked   asked // dir, for lookups
	dm      *dm.Module
	router  *command.Router
	crashed atomic.Bool
	frozen  atomic.Bool
	paused  atomic.Bool
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

// asked is a directory whose lookups can be held up, and fail.
type asked struct {
	*directory.Directory

	asker *dm.Module

	mu   sync.Mutex
	shut bool              // guarded by mu
	fail bool              // guarded by mu
	held map[uint64]string // guarded by mu; user IDs by token
}

// Lookup implements dm.Directory.
func (a *asked) Lookup(userID string, token uint64) {
	a.mu.Lock()
	shut, fail := a.shut, a.fail
	if shut {
		a.held[token] = userID
	}
	a.mu.Unlock()
	switch {
	case fail:
		messages.Of(a.asker).LookupFailed(token)
	case !shut:
		a.Directory.Lookup(userID, token)
	}
}

// Cancel implements dm.Directory.
func (a *asked) Cancel(token uint64) {
	a.mu.Lock()
	_, held := a.held[token]
	delete(a.held, token)
	a.mu.Unlock()
	if !held {
		a.Directory.Cancel(token)
	}
}

func (a *asked) hold() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shut, a.held = true, make(map[uint64]string)
}

func (a *asked) release() {
	a.mu.Lock()
	held := a.held
	a.shut, a.held = false, nil
	a.mu.Unlock()
	for _, token := range slices.Sorted(maps.Keys(held)) {
		a.Directory.Lookup(held[token], token)
	}
}

// fails has all lookups fail from now on, or no more.
func (a *asked) fails(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail = yes
}

// viewOf tells a directory of the view.
type viewOf struct{ *directory.Directory }

func (d viewOf) ViewChanged(m []nodes.ID) { d.Directory.ViewChanged(directory.View{Members: m}) }
func (d viewOf) NodeDown(n nodes.ID, m []nodes.ID) {
	d.Directory.NodeDown(n, directory.View{Members: m})
}

// hostOf is what a node does about its membership.
type hostOf struct{ *node }

// NodeDown implements cluster.Host.
func (h hostOf) LinkEnded(nodes.ID, error) {}

func (h hostOf) NodeDown(n nodes.ID) {
	if !h.crashed.Load() {
		messages.Of(h.dm).NodeDown(n)
	}
}

// StepOut sends all users elsewhere.
func (h hostOf) StepOut() {
	for _, u := range h.all() {
		sessions.Of(u).Close(1001, "the node leaves the cluster")
	}
	for until := time.Now().Add(5 * time.Second); h.users.Count() > 0 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
}

// Paused implements cluster.Host.
func (h hostOf) Paused(time.Duration) { h.paused.Store(true) }

// Failed implements cluster.Host.
func (h hostOf) Failed(err error) { h.c.t.Errorf("%s: %v", h.name, err) }

// Reclaimed implements directory.Sessions.
func (nd *node) Reclaimed() { nd.paused.Store(false) }

// serves tells whether the node handles clients.
func (nd *node) serves() bool {
	return !nd.crashed.Load() && !nd.frozen.Load() && !nd.paused.Load() && nd.members.Running()
}

func (c *cluster) stop() {
	for _, nd := range c.nodes {
		nd.stop()
	}
	synctest.Wait()
}

func (nd *node) all() (all []*user.User) {
	nd.users.Range(func(u *user.User) bool {
		all = append(all, u)

		return true
	})

	return all
}

func (nd *node) stop() {
	if nd.crashed.Load() {
		return
	}
	for _, u := range nd.all() {
		nd.leave(u)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	messages.Of(nd.dm).Stop(ctx)
	if err := nd.members.Stop(ctx); err != nil {
		nd.c.t.Errorf("stop: %v", err)
	}
	nd.crashed.Store(true)
}

// crash ends a node without a word.
func (nd *node) crash() {
	nd.crashed.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	nd.host.Crash()
	messages.Of(nd.dm).Stop(ctx)
	_ = nd.members.Stop(ctx)
}

// freeze stops the node's process, thaw lets it go on.
func (nd *node) freeze() {
	nd.frozen.Store(true)
	nd.host.Freeze()
}

func (nd *node) thaw() {
	nd.host.Thaw()
	nd.frozen.Store(false)
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

var errReplaced = errors.New("replaced by a newer login")

// loginTime bounds a login. Package parley bounds it to less; scripts tell of logins that wait.
const loginTime = 30 * time.Second

// admit makes a login known to the cluster, as package parley does.
func (nd *node) admit(ctx context.Context, p *person) error {
	u := p.u
	nd.between.Store(u.SID, u)
	defer nd.between.Delete(u.SID)
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	stamp, err := nd.dir.Claim(ctx, u.ID, nodes.ParseSID(u.SID), messages.Of(nd.dm).NewestEpoch(u.ID))
	p.stamp = stamp
	if replaced, ok := errors.AsType[*directory.ReplacedError](err); ok {
		messages.Of(nd.dm).Replaced(u, replaced.Next)
		sessions.Discard(nd.users, u, user.Left)

		return err
	}
	if err != nil {
		messages.Of(nd.dm).Abandoned(u)
		sessions.Discard(nd.users, u, user.Left)

		return err
	}
	sessions.Of(u).SetStamp(uint64(stamp))
	nd.c.pauses()
	if !sessions.Add(nd.users, u) {
		messages.Of(nd.dm).Abandoned(u)
		nd.dir.Release(u.ID, nodes.ParseSID(u.SID), 0)

		return errReplaced
	}
	nd.c.pauses()
	messages.Of(nd.dm).Joined(u)

	return nil
}

// connects makes a connection that has not logged in.
func (nd *node) connects(id string) *person {
	p := &person{t: nd.c.t, node: nd, id: id}
	p.u = sessions.New(nd.users, id, user.NewSID(), p)

	return p
}

// login connects a user to a node.
func (c *cluster) login(id string, at int) *person {
	c.t.Helper()
	p := c.nodes[at].connects(id)
	if err := p.node.admit(c.t.Context(), p); err != nil {
		c.t.Fatalf("%s cannot log in: %v", id, err)
	}

	return p
}

// Evict ends a session for a newer one.
func (nd *node) Evict(_ string, sid nodes.SID, next nodes.Place) uint64 {
	u := nd.users.BySID(sid.String())
	if u == nil {
		v, ok := nd.between.Load(sid.String())
		if !ok {
			return 0
		}
		u, _ = v.(*user.User)
	}
	newest := messages.Of(nd.dm).Replaced(u, next)
	nd.c.pauses()
	sessions.Remove(nd.users, u)
	nd.c.pauses()
	sessions.Of(u).Close(2002, "replaced")

	return newest
}

func (c *cluster) pauses() {
	if c.pause != nil {
		c.pause()
	}
}

func (nd *node) leave(u *user.User) {
	nd.between.Store(u.SID, u)
	if !sessions.Remove(nd.users, u) {
		nd.between.Delete(u.SID)

		return
	}
	nd.c.pauses()
	messages.Of(nd.dm).Leave(u, func(newest uint64) {
		nd.dir.Release(u.ID, nodes.ParseSID(u.SID), newest)
		nd.between.Delete(u.SID)
	})
	sessions.Discard(nd.users, u, user.Left)
}

// entries is how many sessions the directory of the node holds of its own.
func (nd *node) entries() int { return nd.dir.Stats().Sessions }

// notes is a list that callbacks write to.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) addf(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, fmt.Sprintf(format, args...))
}

// clears notes the ends that come without a message.
func (n *notes) clears(m *dm.Module) {
	m.SetOnClearCache(func(gone string, stayer *user.User) { n.addf("%s left %s", gone, stayer.ID) })
}

// sort sorts the notes, for those that come in no order.
func (n *notes) sort() {
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	slices.Sort(n.list)
}

// are wants these notes since the last time, once everything has settled.
func (n *notes) are(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	time.Sleep(100 * time.Millisecond) // virtual
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.list, want) {
		t.Errorf("notes are %q, want %q", n.list, want)
	}
	n.list = nil
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
