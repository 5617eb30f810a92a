package dm_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/mesh"
	"github.com/parley-dm/parley/user"
)

func TestMain(m *testing.M) {
	slog.SetDefault(quiet)
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.DiscardHandler)

// cluster is a cluster of nodes without sockets, on an in-memory mesh, in the virtual time of a synctest bubble.
type cluster struct {
	t   *testing.T
	net *mesh.Memory

	growing sync.Mutex
	nodes   []*node // guarded by growing, where nodes start while others are looked for
}

// inCluster runs a test with n nodes in virtual time. Setup sees each module before its node starts.
func inCluster(t *testing.T, n int, setup func(m *dm.Module), test func(c *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, net: mesh.NewMemory(mesh.MemoryOptions{Delay: func(_, _ mesh.NodeID) time.Duration { return time.Millisecond }})}
		for range n {
			c.start(setup)
		}
		test(c)
		c.stop()
	})
}

// node is one node: what package parley puts together, without gateway and engine.
type node struct {
	c       *cluster
	name    string
	mesh    *mesh.MemoryMesh
	users   *user.Registry
	between sync.Map // of *user.User by SID: those that are logging in or leaving, as in package parley
	dir     *dive.Directory
	dm      *dm.Module
	router  *command.Router
	crashed atomic.Bool
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
	nd := &node{c: c, name: name, mesh: c.net.Node(name), users: user.NewRegistry(), dm: dm.New(), router: command.NewRouter(quiet)}
	nd.dir = dive.NewDirectory(nd.mesh)
	nd.dir.SetResident(nd)
	nd.dm.ExposeCommands()
	setup(nd)
	nd.dm.Attach(dm.Parts{Users: nd.users, Directory: nd.dir, Mesh: nd.mesh, Router: nd.router, Log: quiet})
	nd.router.Freeze()
	if err := nd.mesh.Start(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	nd.dm.Start()
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

func (nd *node) stop() {
	if nd.crashed.Load() {
		return
	}
	var all []*user.User
	nd.users.Range(func(u *user.User) bool {
		all = append(all, u)

		return true
	})
	for _, u := range all {
		nd.leave(u)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	nd.dm.Stop(ctx)
	if err := nd.mesh.Stop(ctx); err != nil {
		nd.c.t.Errorf("stop: %v", err)
	}
	nd.crashed.Store(true)
}

// crash ends a node without a word.
func (nd *node) crash() {
	nd.crashed.Store(true)
	nd.c.net.Crash(nd.mesh)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	nd.dm.Stop(ctx)
}

var errReplaced = errors.New("replaced by a newer login")

// admit makes a login known to the cluster, as package parley does.
func (nd *node) admit(ctx context.Context, p *person) error {
	u := p.u
	nd.between.Store(u.SID, u)
	defer nd.between.Delete(u.SID)
	stamp, err := nd.dir.Claim(ctx, u.ID, u.SID)
	p.stamp = stamp
	if replaced, ok := errors.AsType[*dive.ReplacedError](err); ok {
		nd.dm.Replaced(u, replaced.Next)
		nd.users.Discard(u)

		return err
	}
	if err != nil {
		nd.dm.Abandoned(u)
		nd.users.Discard(u)

		return err
	}
	u.SetLogin(uint64(stamp))
	if !nd.users.Add(u) {
		nd.dm.Abandoned(u)
		nd.dir.Release(u.ID, u.SID)

		return errReplaced
	}
	nd.dm.Joined(u)
	nd.dir.Activate(u.ID, u.SID)

	return nil
}

// connects makes a connection that has not logged in.
func (nd *node) connects(id string) *person {
	p := &person{t: nd.c.t, node: nd, id: id}
	p.u = nd.users.New(id, user.NewSID(), p)

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

// Evicted ends a session for a newer one.
func (nd *node) Evicted(_, sid string, next dive.Place) {
	u := nd.users.BySID(sid)
	if u == nil {
		v, ok := nd.between.Load(sid)
		if !ok {
			return
		}
		u, _ = v.(*user.User)
	}
	nd.dm.Replaced(u, next)
	nd.users.Remove(u)
	u.Close(2002, "replaced")
}

func (nd *node) leave(u *user.User) {
	nd.between.Store(u.SID, u)
	if !nd.users.Remove(u) {
		nd.between.Delete(u.SID)

		return
	}
	nd.dm.Leave(u, func() {
		nd.dir.Release(u.ID, u.SID)
		nd.between.Delete(u.SID)
	})
	nd.users.Discard(u)
}

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
