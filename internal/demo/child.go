package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// child is a node in a process of its own, which the tour can kill.
type child struct {
	cmd     *exec.Cmd
	reading sync.WaitGroup // the rest of its output
	ended   sync.Once
}

// startChild starts `parley serve` and waits until it is ready. Program is the parley binary.
func startChild(ctx context.Context, program, name, join, secret string) (*node, error) {
	const loopback = "127.0.0.1:0"
	args := []string{"serve", "--node", name, "--tcp", loopback, "--http", loopback, "--cluster", loopback, "--join", join, "--log-level", "error"}
	cmd := exec.Command(program, args...)                                        //nolint:noctx,gosec // its end is below; program is this binary
	cmd.Env = append(ownSettings(os.Environ()), "PARLEY_CLUSTER_SECRET="+secret) // not an argument, which other users could read
	cmd.SysProcAttr = dieWithParent()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("node %s: %w", name, err)
	}
	c := &child{cmd: cmd}
	n := &node{name: name, secret: secret, child: c}
	waited := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() }) // ends the scan
	defer waited()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word, value, _ := strings.Cut(lines.Text(), " ")
		value = strings.TrimSpace(value)
		switch word {
		case "clients":
			n.tcp = value
		case "web":
			n.web = value
		case "cluster":
			n.cluster = value
		case "ready":
			c.reading.Go(func() { _, _ = io.Copy(io.Discard, out) })

			return n, nil
		}
	}
	c.end(os.Kill)

	return nil, errors.New("node " + name + " ended before it was ready")
}

// end sends a signal and waits until the process is gone.
func (c *child) end(s os.Signal) {
	c.ended.Do(func() {
		if c.cmd.Process.Signal(s) != nil {
			_ = c.cmd.Process.Kill() // Windows has no SIGTERM
		}
		c.reading.Wait()
		_ = c.cmd.Wait()
	})
}

func (c *child) stop() { c.end(syscall.SIGTERM) }

// ownSettings is the environment without settings for nodes: those are the demo's.
func ownSettings(environ []string) []string {
	var own []string
	for _, pair := range environ {
		if !strings.HasPrefix(pair, "PARLEY_") || strings.HasPrefix(pair, "PARLEY_TEST_") {
			own = append(own, pair)
		}
	}

	return own
}
