package dm_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
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
	t     *testing.T
	net   *mesh.Memory
	nodes []*node
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
		for _, nd := range c.nodes {
			nd.stop()
		}
		synctest.Wait()
	})
}

// node is one node: what package parley puts together, without gateway and engine.
type node struct {
	c       *cluster
	mesh    *mesh.MemoryMesh
	users   *user.Registry
	dir     *dive.Directory
	dm      *dm.Module
	router  *command.Router
	crashed bool
}

func (c *cluster) start(setup func(m *dm.Module)) *node {
	c.t.Helper()
	nd := &node{
		c: c, mesh: c.net.Node(fmt.Sprintf("n%d", len(c.nodes)+1)), users: user.NewRegistry(), dm: dm.New(),
		router: command.NewRouter(quiet),
	}
	nd.dir = dive.NewDirectory(nd.mesh)
	nd.dir.SetResident(nd)
	nd.dm.ExposeCommands()
	if setup != nil {
		setup(nd.dm)
	}
	nd.dm.Attach(dm.Parts{Users: nd.users, Directory: nd.dir, Mesh: nd.mesh, Router: nd.router, Log: quiet})
	nd.router.Freeze()
	if err := nd.mesh.Start(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	nd.dm.Start()
	c.nodes = append(c.nodes, nd)

	return nd
}

func (nd *node) stop() {
	if nd.crashed {
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
}

// crash ends a node without a word.
func (nd *node) crash() {
	nd.crashed = true
	nd.c.net.Crash(nd.mesh)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	nd.dm.Stop(ctx)
}

// login connects a user to a node.
func (c *cluster) login(id string, at int) *person {
	c.t.Helper()
	nd := c.nodes[at]
	p := &person{t: c.t, node: nd, id: id}
	p.u = nd.users.New(id, user.NewSID(), p)
	stamp, err := nd.dir.Claim(c.t.Context(), id, p.u.SID)
	if err != nil {
		c.t.Fatalf("%s cannot log in: %v", id, err)
	}
	p.u.SetLogin(uint64(stamp))
	if !nd.users.Add(p.u) {
		c.t.Fatalf("%s was replaced while it logged in", id)
	}
	nd.dm.Joined(p.u)
	nd.dir.Activate(id, p.u.SID)

	return p
}

// Evicted ends a session for a newer one.
func (nd *node) Evicted(_, sid string, next dive.Place) {
	if u := nd.users.BySID(sid); u != nil {
		nd.dm.Replaced(u, next)
		nd.users.Remove(u)
		u.Close(2002, "replaced")
	}
}

func (nd *node) leave(u *user.User) {
	if nd.users.Remove(u) {
		nd.dm.Leave(u, func() { nd.dir.Release(u.ID, u.SID) })
		nd.users.Discard(u)
	}
}

// person is a user with a connection that writes down what it is given.
type person struct {
	t    *testing.T
	node *node
	id   string
	u    *user.User
	line command.Line

	mu      sync.Mutex
	heard   []string
	closed  string
	stalled bool // pushes are queued, and never written
	queued  []user.Done
	full    bool // the queue is full
}

func (p *person) Push(ver uint8, cmd uint16, message []byte, _ bool, done user.Done) error {
	p.mu.Lock()
	switch {
	case p.full:
		p.mu.Unlock()

		return user.ErrBusy
	case p.stalled:
		p.queued = append(p.queued, done)
		p.mu.Unlock()

		return nil
	}
	p.heard = append(p.heard, fmt.Sprintf("%d.%d %s", ver, cmd, readable(ver, cmd, message)))
	p.mu.Unlock()
	if done != nil {
		done.Pushed(nil)
	}

	return nil
}

// readable takes the peer off the front of the engine's own pushes.
func readable(ver uint8, cmd uint16, m []byte) string {
	if ver == 1 && (cmd == 700 || cmd == 701) {
		n := int(m[0])

		return string(m[1:1+n]) + ": " + string(m[1+n:])
	}

	return string(m)
}

func (p *person) Respond(id uint32, ver uint8, cmd uint16, status uint8, message []byte, _ bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := string(message)
	if status != command.StatusOK {
		text = fmt.Sprintf("%d", int(message[0])<<8|int(message[1]))
	}
	p.heard = append(p.heard, strings.TrimSpace(fmt.Sprintf("re %d %d.%d status %d %s", id, ver, cmd, status, text)))

	return nil
}

func (p *person) Close(code uint16, _ string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed == "" {
		p.closed = fmt.Sprint(code)
	}
}

func (p *person) Addr() string      { return "127.0.0.1:1" }
func (p *person) Transport() string { return "tcp" }

// quits ends the person's session.
func (p *person) quits() {
	p.mu.Lock()
	queued := p.queued
	p.queued = nil
	p.mu.Unlock()
	p.node.leave(p.u)
	for _, d := range queued {
		d.Pushed(user.ErrGone)
	}
}

// hears waits for all that is under way, and wants these pushes and responses since the last time.
func (p *person) hears(want ...string) {
	p.t.Helper()
	synctest.Wait()
	time.Sleep(100 * time.Millisecond) // virtual: the packets travel
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.heard, want) {
		p.t.Errorf("%s heard %q, want %q", p.id, p.heard, want)
	}
	p.heard = nil
}

// send sends as ver 2 cmd 11 and returns what the callback got.
func (p *person) send(to, text string) error {
	p.t.Helper()
	outcome := make(chan error, 2)
	p.node.dm.SendMessageByUserID(p.u, to, 2, 11, []byte(text), func(err error) { outcome <- err })

	return <-outcome
}

// sends wants a message to end in this error.
func (p *person) sends(to, text string, want error) {
	p.t.Helper()
	if err := p.send(to, text); !errors.Is(err, want) {
		p.t.Errorf("%s to %s %q: %v, want %v", p.id, to, text, err, want)
	}
}

// channels lists the peers that the person has channels with.
func (p *person) channels() string {
	var ids []string
	for _, ch := range p.node.dm.Channels(p.u) {
		ids = append(ids, ch.Peer+"@"+ch.Node)
	}

	return strings.Join(ids, " ")
}

// have wants this to be the list of channels.
func (p *person) has(want string) {
	p.t.Helper()
	synctest.Wait()
	if got := p.channels(); got != want {
		p.t.Errorf("%s has channels with %q, want %q", p.id, got, want)
	}
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
