package chaos

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// node is a member of the cluster: a name, addresses, and one process after another.
type node struct {
	place int
	name  string
	log   string   // the file that all its processes write to
	flags []string // of its processes, beside those that all nodes have

	mu         sync.Mutex
	state      nodeState // guarded by mu
	ready      bool      // guarded by mu: what /readyz said last
	process    *process  // guarded by mu: the newest
	tcp        string    // guarded by mu: where it listens; the same after a restart
	http       string    // guarded by mu
	cluster    string    // guarded by mu
	started    int       // guarded by mu: the count of processes when this one was started; a younger one has more
	faultSpans []span    // guarded by mu: when something was wrong with it, or may have been
}

type nodeState uint8

const (
	nodeDown nodeState = iota
	nodeUp
	nodePaused
)

// span is an interval of the run's time.
type span struct{ from, to moment }

// assignAddrs gives the node addresses.
func (n *node) assignAddrs(net network) error {
	tcp, web, cluster, err := net.addrs(n.place)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tcp, n.http, n.cluster = tcp, web, cluster

	return err
}

// start runs a process for the node and waits until it takes users.
func (n *node) start(ctx context.Context, net network, o *Options, join []string, more ...string) error {
	n.mu.Lock()
	args := append([]string{
		"serve", "--node", n.name, "--insecure", "--heartbeat", heartbeat.String(), "--auth-key", authKey,
		"--cluster-secret", clusterSecret, "--tcp", n.tcp, "--http", n.http, "--cluster", n.cluster,
		"--join", strings.Join(join, ","),
		"--address-pending", "0", "--address-open", "0", "--address-logins", "0", "--user-logins", "0", // all clients have one address
	}, slices.Concat(n.flags, more)...)
	n.mu.Unlock()
	cmd := exec.Command(o.Binary, args...) //nolint:gosec,noctx // the binary under test; node.end and node.drain alone end it
	p, err := launch(cmd, n.log, func(c *exec.Cmd) error { return net.start(n.place, c) })
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.process = p // to be ended, should the run end before it is ready
	n.mu.Unlock()
	if _, err := p.await(ctx); err != nil {
		return fmt.Errorf("chaos: %s: %w", n.name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state, n.ready = nodeUp, true

	return nil
}

// kill kills the node's process in any state.
func (n *node) kill() {
	n.mu.Lock()
	p := n.process
	n.state, n.ready = nodeDown, false
	n.mu.Unlock()
	if p != nil {
		p.kill()
	}
}

// drain tells the process to stop and waits until it has.
func (n *node) drain() error {
	n.mu.Lock()
	p := n.process
	n.state, n.ready = nodeDown, false // as a load balancer would have it
	n.mu.Unlock()
	if err := p.terminate(); err != nil {
		return fmt.Errorf("%s: %w", n.name, err)
	}

	return nil
}

// current is the node's newest process.
func (n *node) current() *process {
	n.mu.Lock()
	defer n.mu.Unlock()

	return n.process
}

func (n *node) pause() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = nodePaused

	return pause(n.process.cmd.Process)
}

func (n *node) resume() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = nodeUp

	return resume(n.process.cmd.Process)
}

// exitedUnexpectedly tells whether the process has ended although nothing ended it.
func (n *node) exitedUnexpectedly() bool {
	n.mu.Lock()
	defer n.mu.Unlock()

	return n.process != nil && n.state != nodeDown && n.process.hasExited()
}

// markFaulty begins an interval in which the node counts as faulty.
func (n *node) markFaulty(at moment) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k := len(n.faultSpans); k == 0 || n.faultSpans[k-1].to != forever {
		n.faultSpans = append(n.faultSpans, span{at, forever})
	}
}

// markHealthy ends the node's faulty interval.
func (n *node) markHealthy(at moment) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k := len(n.faultSpans); k > 0 && n.faultSpans[k-1].to == forever {
		n.faultSpans[k-1].to = at
	}
}

// healthy reports whether the node had no fault between from and to.
func (n *node) healthy(from, to moment) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, ill := range n.faultSpans {
		if ill.from <= to && from <= ill.to {
			return false
		}
	}

	return true
}
