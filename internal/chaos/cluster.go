package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
)

const (
	authKey       = "a signing key for chaos, of 32 bytes or more"
	clusterSecret = "the secret of a cluster of chaos"
)

// cluster is the nodes and the network between them.
type cluster struct {
	o       *Options
	network network
	nodes   []*node

	mu       sync.Mutex
	rng      *rand.Rand // guarded by mu: for picks; faults have their own
	started  int        // guarded by mu: processes
	replaced []*process // guarded by mu: processes that no node has any more
}

func newCluster(o *Options, net network) *cluster {
	c := &cluster{o: o, network: net, rng: rand.New(rand.NewPCG(o.Seed, 0))}
	for i := range o.Nodes {
		c.add(i, fmt.Sprintf("n%d", i+1))
	}

	return c
}

func (c *cluster) add(place int, name string) *node {
	n := &node{place: place, name: name, log: filepath.Join(c.o.Dir, name+".log")}
	c.nodes = append(c.nodes, n)

	return n
}

// start starts all nodes at once.
func (c *cluster) start(ctx context.Context) error {
	for _, n := range c.nodes {
		if err := n.assignAddrs(c.network); err != nil {
			return err
		}
	}
	errs := make([]error, len(c.nodes))
	var all sync.WaitGroup
	for i, n := range c.nodes {
		all.Go(func() { errs[i] = c.startNode(ctx, n) })
	}
	all.Wait()

	return errors.Join(errs...)
}

// startNode starts a node. It is given the cluster addresses of all nodes, itself included, and
// more.
func (c *cluster) startNode(ctx context.Context, n *node, more ...string) error {
	c.mu.Lock()
	c.started++
	n.mu.Lock()
	n.started = c.started
	n.mu.Unlock()
	c.mu.Unlock()

	return n.start(ctx, c.network, c.o, append(c.addrs(), more...))
}

// addrs are the cluster addresses of all nodes.
func (c *cluster) addrs() (addrs []string) {
	for _, n := range c.nodes {
		n.mu.Lock()
		addrs = append(addrs, n.cluster)
		n.mu.Unlock()
	}

	return addrs
}

// kill kills all processes that still run.
func (c *cluster) kill() {
	for _, n := range c.nodes {
		n.kill()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.replaced {
		p.kill()
	}
}

// otherPlaces are the places of all other nodes.
func (c *cluster) otherPlaces(than *node) (places []int) {
	for _, n := range c.nodes {
		if n != than {
			places = append(places, n.place)
		}
	}

	return places
}

var errNoNode = errors.New("chaos: no node is up")

// pickNode chooses as a load balancer does: the preferred node if it is ready, otherwise any ready
// node. With reckless it also takes nodes that are not ready or paused.
func (c *cluster) pickNode(wish int, web, reckless bool) (*node, string, error) {
	var well, up []*node
	for _, n := range c.nodes {
		n.mu.Lock()
		switch {
		case n.state == nodeDown:
		case n.ready && n.state == nodeUp || reckless:
			well = append(well, n)
		case n.state == nodeUp:
			up = append(up, n)
		}
		n.mu.Unlock()
	}
	if len(well) == 0 {
		well = up
	}
	if len(well) == 0 {
		return nil, "", errNoNode
	}
	c.mu.Lock()
	n := well[c.rng.IntN(len(well))]
	c.mu.Unlock()
	for _, w := range well {
		if w.place == wish {
			n = w
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if web {
		return n, n.http, nil
	}

	return n, n.tcp, nil
}

// partner is the second node of a fault that concerns two nodes.
func (c *cluster) partner(n *node) *node { return c.nodes[(n.place+1)%len(c.nodes)] }
