package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// node is a member of the cluster: a name, addresses, and one process after another.
type node struct {
	index int
	name  string
	log   string // the file that all its processes write to

	mu      sync.Mutex
	state   nodeState // guarded by mu
	process *process  // guarded by mu: the newest
	tcp     string    // guarded by mu: where it listens; the same after a restart
	web     string    // guarded by mu
	cluster string    // guarded by mu
	ills    []span    // guarded by mu: when something was wrong with it, or may have been
}

type nodeState uint8

const (
	nodeDown nodeState = iota
	nodeUp
	nodePaused
)

// span is some time.
type span struct{ from, to moment }

// start runs a process for the node and waits until it takes users.
func (n *node) start(ctx context.Context, net network, o *Options, engine []string) error {
	n.mu.Lock()
	listen := func(was string) string {
		if was == "" {
			was = net.host(n.index) + ":0"
		}

		return was
	}
	args := []string{
		"serve", "--node", n.name, "--insecure", "--heartbeat", heartbeat.String(), "--auth-key", authKey, "--cluster-secret", clusterSecret,
		"--tcp", listen(n.tcp), "--http", listen(n.web),
	}
	if !o.External {
		args = append(args, "--cluster", listen(n.cluster))
	}
	n.mu.Unlock()
	if o.NoLinks {
		args = append(args, "--mesh", "off")
	} else {
		args = append(args, "--mesh", net.host(n.index)+":0")
	}
	p, err := launch(net.command(n.index, o.Binary, append(args, engine...)...), n.log)
	if err != nil {
		return err
	}
	said, err := p.await(ctx)
	if err != nil {
		return fmt.Errorf("chaos: %s: %w", n.name, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state, n.process = nodeUp, p
	n.tcp = strings.TrimPrefix(said["clients"], "tcp://")
	n.web = strings.TrimSuffix(strings.TrimPrefix(said["web"], "ws://"), "/ws")
	n.cluster = said["cluster"]

	return nil
}

// end makes an end of the node's process, whatever its state.
func (n *node) end() {
	n.mu.Lock()
	p := n.process
	n.state = nodeDown
	n.mu.Unlock()
	if p != nil {
		p.kill()
	}
}

// drain tells the process to stop and waits until it has.
func (n *node) drain() error {
	n.mu.Lock()
	p := n.process
	n.state = nodeDown // as a load balancer would have it
	n.mu.Unlock()
	if err := p.end(); err != nil {
		return fmt.Errorf("%s: %w", n.name, err)
	}

	return nil
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

// ended tells whether the process has ended although nobody wanted it to.
func (n *node) ended() bool {
	n.mu.Lock()
	defer n.mu.Unlock()

	return n.process != nil && n.state != nodeDown && n.process.hasExited()
}

// sicken notes that something is wrong with the node from now on.
func (n *node) sicken(at moment) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k := len(n.ills); k == 0 || n.ills[k-1].to != forever {
		n.ills = append(n.ills, span{at, forever})
	}
}

// recover notes that nothing is.
func (n *node) recover(at moment) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k := len(n.ills); k > 0 && n.ills[k-1].to == forever {
		n.ills[k-1].to = at
	}
}

// healthy tells whether nothing was wrong with the node in some time.
func (n *node) healthy(from, to moment) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, ill := range n.ills {
		if ill.from <= to && from <= ill.to {
			return false
		}
	}

	return true
}
