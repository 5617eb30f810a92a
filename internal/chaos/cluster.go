package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
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
	engine  *engine // nil: nodes embed it

	cutting sync.Mutex
	cuts    map[way]int // guarded by cutting: how many faults cut it

	mu  sync.Mutex
	rng *rand.Rand // guarded by mu: for picks; faults have their own
}

func newCluster(o *Options, net network) *cluster {
	c := &cluster{o: o, network: net, engine: newEngine(o), cuts: map[way]int{}, rng: rand.New(rand.NewPCG(o.Seed, 0))}
	for i := range o.Nodes {
		name := fmt.Sprintf("n%d", i+1)
		c.nodes = append(c.nodes, &node{index: i, name: name, log: filepath.Join(o.Dir, name+".log")})
	}

	return c
}

// start starts all nodes, and before them what they need.
func (c *cluster) start(ctx context.Context) error {
	if c.engine != nil {
		if err := c.engine.start(ctx, c.network, c.o); err != nil {
			return err
		}
	}
	for _, n := range c.nodes {
		if err := c.startNode(ctx, n); err != nil {
			return err
		}
	}

	return nil
}

// startNode starts a node, which joins all others that ever were.
func (c *cluster) startNode(ctx context.Context, n *node) error {
	var join, args []string
	for _, other := range c.nodes {
		other.mu.Lock()
		if other != n && other.cluster != "" {
			join = append(join, other.cluster)
		}
		other.mu.Unlock()
	}
	switch {
	case c.engine != nil:
		args = []string{"--nats", c.engine.url()}
	case len(join) > 0:
		args = []string{"--join", strings.Join(join, ",")}
	}
	err := n.start(ctx, c.network, c.o, args)
	if err != nil && strings.Contains(err.Error(), "address already in use") { // a client's connection has taken it meanwhile
		n.mu.Lock()
		n.tcp, n.web, n.cluster = "", "", ""
		n.mu.Unlock()
		err = n.start(ctx, c.network, c.o, args)
	}

	return err
}

// end kills whatever still runs.
func (c *cluster) end() {
	for _, n := range c.nodes {
		n.end()
	}
	c.engine.end()
}

// cut cuts ways, and returns what mends them. Where several faults cut one, the last one mends it.
func (c *cluster) cut(ways []way) (undo func() error, err error) {
	set := func(more int) error {
		c.cutting.Lock()
		defer c.cutting.Unlock()
		for _, w := range ways {
			c.cuts[w] += more
			if err := c.network.reach(w.from, w.to, c.cuts[w] == 0); err != nil {
				return err
			}
		}

		return nil
	}

	return func() error { return set(-1) }, set(1)
}

// others are the places of all other nodes.
func (c *cluster) others(than *node) (places []int) {
	for _, n := range c.nodes {
		if n != than {
			places = append(places, n.index)
		}
	}

	return places
}

var errNobodyThere = errors.New("chaos: no node is up")

// pick is what a load balancer does: the node that is wished if it is well, else any that is. Who is reckless takes one that is paused, too.
func (c *cluster) pick(wish int, web, reckless bool) (*node, string, error) {
	var well []*node
	for _, n := range c.nodes {
		n.mu.Lock()
		if n.state == nodeUp || reckless && n.state == nodePaused {
			well = append(well, n)
		}
		n.mu.Unlock()
	}
	if len(well) == 0 {
		return nil, "", errNobodyThere
	}
	c.mu.Lock()
	n := well[c.rng.IntN(len(well))]
	c.mu.Unlock()
	for _, w := range well {
		if w.index == wish {
			n = w
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if web {
		return n, n.web, nil
	}

	return n, n.tcp, nil
}
