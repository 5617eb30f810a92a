package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/demopage"
	"github.com/parley-dm/parley/internal/devkey"
)

// anyPort is a listener on a port that the system chooses.
const anyPort = "127.0.0.1:0"

// tokenLife is the life of a token that is made for the page.
const tokenLife = time.Hour

// cluster is the nodes of the demo, each in a process of its own. Safe for use by several
// goroutines.
type cluster struct {
	program string
	secret  string
	key     auth.Key // of the nodes: it signs tokens
	feed    *demopage.Feed
	wires   wires

	mu    sync.Mutex
	act   func() // guarded by mu; called before the page kills or restarts a node
	join  demopage.Join
	nodes []*node // never changes; each is guarded by mu
	over  bool    // nothing is started any more
}

// node is a node of the cluster, through all of its lives.
type node struct {
	name  string
	state string // of package demopage
	child *child // nil unless up
	at    place  // of its latest life
	view  []string
	users demopage.Users
}

var _ demopage.Cluster = (*cluster)(nil)

// newCluster makes a cluster whose nodes do not run. Its key is the development key of this
// machine, so that other commands of parley can log in.
func newCluster(program string, names ...string) (*cluster, error) {
	path, err := devkey.Path()
	if err != nil {
		return nil, err
	}
	key, err := devkey.Load(path)
	if err != nil {
		return nil, err
	}
	c := &cluster{program: program, secret: rand.Text(), key: key, feed: demopage.NewFeed()}
	c.wires.changed = c.publish
	for _, name := range names {
		c.nodes = append(c.nodes, &node{name: name, state: demopage.Down})
	}

	return c, nil
}

// start starts all nodes: the first one, which is a cluster by itself, and then the others.
func (c *cluster) start(ctx context.Context) error {
	if err := c.restartNode(ctx, c.nodes[0].name); err != nil {
		return err
	}
	errs := make([]error, len(c.nodes))
	var starting sync.WaitGroup
	for i, n := range c.nodes[1:] {
		starting.Go(func() { errs[i] = c.restartNode(ctx, n.name) })
	}
	starting.Wait()

	return errors.Join(errs...)
}

// stop stops all nodes.
func (c *cluster) stop(ctx context.Context) {
	c.mu.Lock()
	c.over = true
	children := make([]*child, 0, len(c.nodes))
	for _, n := range c.nodes {
		if n.child != nil {
			children = append(children, n.child)
		}
	}
	c.mu.Unlock()
	var stopping sync.WaitGroup
	for _, child := range children {
		stopping.Go(func() { child.stop(ctx) })
	}
	stopping.Wait()
	c.wires.close()
}

// find finds a node. The cluster is locked.
func (c *cluster) find(name string) (*node, error) {
	names := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		if n.name == name {
			return n, nil
		}
		names[i] = n.name
	}

	return nil, fmt.Errorf("%w node %q: there are %s", demopage.ErrUnknown, name, strings.Join(names, ", "))
}

// place is where a node can be reached, if it is up.
func (c *cluster) place(name string) (place, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.find(name)
	switch {
	case err != nil:
		return place{}, err
	case n.state != demopage.Up:
		return place{}, fmt.Errorf("node %s is %s", name, n.state)
	}

	return n.at, nil
}

// onAction sets what is called when the page kills or restarts a node; nil: nothing.
func (c *cluster) onAction(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.act = f
}

func (c *cluster) acted() {
	c.mu.Lock()
	f := c.act
	c.mu.Unlock()
	if f != nil {
		f()
	}
}

// Kill implements demopage.Cluster. It returns when the process is gone.
func (c *cluster) Kill(name string) error {
	c.acted()

	return c.killNode(name)
}

// Restart implements demopage.Cluster.
func (c *cluster) Restart(ctx context.Context, name string) error {
	c.acted()

	return c.restartNode(ctx, name)
}

// killNode kills a node, and returns when its process is gone.
func (c *cluster) killNode(name string) error {
	c.mu.Lock()
	n, err := c.find(name)
	up := 0
	for _, other := range c.nodes {
		if other.state == demopage.Up {
			up++
		}
	}
	switch {
	case err != nil:
	case n.state != demopage.Up:
		err = fmt.Errorf("node %s is %s already", name, n.state)
	case up == 1:
		err = fmt.Errorf("node %s is the last one: restart another one first", name)
	}
	if err != nil {
		c.mu.Unlock()

		return err
	}
	child := n.child
	c.mu.Unlock()
	child.kill()
	<-child.done
	c.ended(n, child)

	return nil
}

// restartNode starts a node that is down, and returns when it is ready. It gets the addresses back
// that it had.
func (c *cluster) restartNode(ctx context.Context, name string) error {
	c.mu.Lock()
	n, err := c.find(name)
	switch {
	case err != nil:
	case c.over:
		err = errors.New("the demo stops")
	case n.state != demopage.Down:
		err = fmt.Errorf("node %s is %s already", name, n.state)
	}
	if err != nil {
		c.mu.Unlock()

		return err
	}
	n.state = demopage.Starting
	s := nodeSettings{Name: name, TCP: anyPort, HTTP: anyPort, Cluster: anyPort, Secret: c.secret}
	for _, other := range c.nodes {
		if other.state == demopage.Up {
			s.Join = append(s.Join, other.at.Cluster)
		}
	}
	again := s
	if n.at.ID != "" {
		again.TCP, again.HTTP, again.Cluster = n.at.TCP, n.at.HTTP, n.at.Cluster
	}
	c.publishLocked()
	c.mu.Unlock()
	err = c.launch(ctx, n, again)
	if err != nil && ctx.Err() == nil && again.TCP != s.TCP {
		err = c.launch(ctx, n, s) // another process has one of its ports
	}
	if err != nil {
		c.mu.Lock()
		n.state = demopage.Down
		c.publishLocked()
		c.mu.Unlock()
	}

	return err
}

// launch starts the process of a node, whose state is Starting.
func (c *cluster) launch(ctx context.Context, n *node, s nodeSettings) error {
	started := make(chan struct{})
	child, at, err := startChild(ctx, c.program, s,
		func(r *demopage.Report) {
			<-started
			c.reported(n, r)
		},
		func(gone *child) {
			<-started
			c.ended(n, gone)
		})
	if err != nil {
		return err
	}
	c.mu.Lock()
	n.state, n.child, n.at, n.view, n.users = demopage.Up, child, at, nil, demopage.Users{}
	over := c.over
	c.publishLocked()
	c.mu.Unlock()
	close(started)
	if over { // stop has not seen it
		child.kill()
		<-child.done
	}

	return nil
}

// reported takes a report of a node.
func (c *cluster) reported(n *node, r *demopage.Report) {
	c.feed.Add(r.Messages, r.Left)
	if r.View == nil && r.Users == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.View != nil {
		n.view = r.View
	}
	if r.Users != nil {
		n.users = *r.Users
	}
	c.publishLocked()
}

// ended takes note that the process of a node is gone. Both its reader and killNode tell.
func (c *cluster) ended(n *node, gone *child) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.child == gone {
		n.state, n.child, n.view, n.users = demopage.Down, nil, nil, demopage.Users{}
		c.publishLocked()
	}
}

// Token implements demopage.Cluster.
func (c *cluster) Token(user string) (string, error) { return c.key.Mint(user, tokenLife) }

// Cut implements demopage.Cluster.
func (c *cluster) Cut(user string) error {
	w, err := c.wireOf(user)
	if err == nil {
		w.cut()
	}

	return err
}

// Stall implements demopage.Cluster.
func (c *cluster) Stall(user string, stalled bool) error {
	w, err := c.wireOf(user)
	if err == nil {
		w.stall(stalled)
	}

	return err
}

// wireOf finds the connection of a user's browser.
func (c *cluster) wireOf(user string) (*wire, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		for _, u := range n.users.List {
			if w := c.wires.find(u.Addr); u.ID == user && w != nil {
				return w, nil
			}
		}
	}

	return nil, fmt.Errorf("%w user %q: only users of this page can be asked for, while they are connected", demopage.ErrUnknown, user)
}
