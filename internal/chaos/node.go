package chaos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
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

// process is a running `parley serve`.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // after exited
}

const (
	startTime = 40 * time.Second // joining takes as long as the others need to answer
	drainTime = 30 * time.Second // serve takes at most 20
)

// start runs a process for the node and waits until it takes users.
func (n *node) start(ctx context.Context, net network, o *Options, join []string) error {
	n.mu.Lock()
	listen := func(was string) string {
		if was == "" {
			was = net.host(n.index) + ":0"
		}

		return was
	}
	args := []string{
		"serve", "--node", n.name, "--insecure", "--heartbeat", heartbeat.String(), "--auth-key", authKey, "--cluster-secret", clusterSecret,
		"--tcp", listen(n.tcp), "--http", listen(n.web), "--cluster", listen(n.cluster),
	}
	n.mu.Unlock()
	if len(join) > 0 {
		args = append(args, "--join", strings.Join(join, ","))
	}
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:mnd // ours alone
	if err != nil {
		return err
	}
	p := &process{cmd: net.command(n.index, o.Binary, args...), exited: make(chan struct{})}
	p.cmd.Stderr = log
	dieWithUs(p.cmd)
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		_ = log.Close()

		return err
	}
	ready := make(chan map[string]string, 1)
	go p.follow(stdout, log, ready)

	return n.adopt(ctx, p, ready)
}

// follow reads what a process says until its end.
func (p *process) follow(stdout io.Reader, log io.WriteCloser, ready chan<- map[string]string) {
	defer close(p.exited)
	defer func() { _ = log.Close() }()
	said := map[string]string{}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		fmt.Fprintln(log, lines.Text())
		name, value, _ := strings.Cut(lines.Text(), " ")
		said[name] = strings.TrimSpace(value)
		if name == "ready" {
			ready <- said
			said = map[string]string{}
		}
	}
	p.err = p.cmd.Wait()
}

// adopt waits until a process is ready and makes it the node's.
func (n *node) adopt(ctx context.Context, p *process, ready <-chan map[string]string) error {
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	var why error
	select {
	case said := <-ready:
		n.mu.Lock()
		defer n.mu.Unlock()
		n.state, n.process = nodeUp, p
		n.tcp = strings.TrimPrefix(said["clients"], "tcp://")
		n.web = strings.TrimSuffix(strings.TrimPrefix(said["web"], "ws://"), "/ws")
		n.cluster = said["cluster"]

		return nil
	case <-p.exited:
		why = fmt.Errorf("it ended: %w", p.err)
	case <-timer.C:
		why = fmt.Errorf("it is not ready after %v", startTime)
	case <-ctx.Done():
		why = ctx.Err()
	}
	p.kill()

	return fmt.Errorf("chaos: %s does not start: %w; its log ends with %s", n.name, why, n.tail())
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
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
	if err := term(p.cmd.Process); err != nil {
		return fmt.Errorf("%s cannot be told to stop: %w", n.name, err)
	}
	timer := time.NewTimer(drainTime)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.kill()

		return fmt.Errorf("%s has not drained after %v", n.name, drainTime)
	}
	if p.err != nil && signals {
		return fmt.Errorf("%s drained with %w; its log ends with %s", n.name, p.err, n.tail())
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
	if n.process == nil || n.state == nodeDown {
		return false
	}
	select {
	case <-n.process.exited:
		return true
	default:
		return false
	}
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

// tail is the end of the node's log.
func (n *node) tail() string {
	const most = 2000
	text, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}

	return string(bytes.TrimSpace(text[max(0, len(text)-most):]))
}
