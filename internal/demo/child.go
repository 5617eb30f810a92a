package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/parley-dm/parley/internal/demopage"
)

// nodeCommand is the command of the parley binary that runs ServeNode.
const nodeCommand = "demo-node"

// child is the process of a node.
type child struct {
	cmd    *exec.Cmd
	errors bytes.Buffer  // its standard error, complete when done is closed
	input  io.Closer     // its standard input
	done   chan struct{} // closed when the process is gone
	signal sync.Once
}

// startChild starts the process of a node and waits until the node is ready. Then report is called
// for each of its reports, and ended once, when the process is gone, by one goroutine.
func startChild(ctx context.Context, program string, s nodeSettings, report func(*demopage.Report), ended func(*child)) (*child, place, error) {
	c := &child{done: make(chan struct{})}
	c.cmd = exec.Command(program, nodeCommand) //nolint:noctx // its end is below
	c.cmd.Env = ownSettings(os.Environ())
	c.cmd.Stderr = &c.errors
	c.cmd.SysProcAttr = dieWithParent()
	line, err := json.Marshal(s) //nolint:gosec // the secret goes to the node only, by a pipe
	if err != nil {
		return nil, place{}, err
	}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, place{}, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, place{}, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, place{}, fmt.Errorf("node %s: %w", s.Name, err)
	}
	c.input = in
	waited := context.AfterFunc(ctx, c.kill)
	defer waited()
	_, _ = in.Write(append(line, '\n')) // if the process is gone its output ends
	lines := json.NewDecoder(bufio.NewReader(out))
	var at place
	if err := lines.Decode(&at); err != nil {
		c.reap()

		return nil, place{}, c.failure(ctx, s.Name)
	}
	go func() {
		for {
			var r demopage.Report
			if lines.Decode(&r) != nil {
				break
			}
			report(&r)
		}
		c.reap()
		ended(c)
	}()

	return c, at, nil
}

// reap waits for the end of a process whose output has ended.
func (c *child) reap() {
	c.kill() // a process without output is of no use
	_ = c.cmd.Wait()
	_ = c.input.Close()
	close(c.done)
}

// failure says why a node did not become ready.
func (c *child) failure(ctx context.Context, name string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if why := strings.Join(strings.Fields(c.errors.String()), " "); why != "" {
		return errors.New("node " + name + ": " + why)
	}

	return errors.New("node " + name + " ended before it was ready")
}

// kill ends the process as kill -9 does.
func (c *child) kill() { _ = c.cmd.Process.Kill() }

// stop tells the process to end, and waits until it is gone or ctx ends: then it is killed.
func (c *child) stop(ctx context.Context) {
	c.signal.Do(func() {
		if c.cmd.Process.Signal(syscall.SIGTERM) != nil {
			c.kill() // Windows has no SIGTERM
		}
	})
	select {
	case <-c.done:
	case <-ctx.Done():
		c.kill()
		<-c.done
	}
}

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
