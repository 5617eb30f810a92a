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
	"time"
)

// process is a running `parley serve`.
type process struct {
	cmd    *exec.Cmd
	log    string                 // where it writes what it says
	ready  chan map[string]string // what it has said, when it is ready
	exited chan struct{}
	err    error // after exited
}

const (
	startTime = 40 * time.Second // joining takes as long as the others need to answer
	drainTime = 45 * time.Second // serve takes at most 35
)

// launch starts a process by start.
func launch(cmd *exec.Cmd, logTo string, start func(*exec.Cmd) error) (*process, error) {
	log, err := os.OpenFile(logTo, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:mnd // ours alone
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: logTo, ready: make(chan map[string]string, 1), exited: make(chan struct{})}
	cmd.Stderr = log
	killWithParent(cmd)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = start(cmd)
	}
	if err != nil {
		_ = log.Close()

		return nil, err
	}
	go p.follow(stdout, log)

	return p, nil
}

// follow reads what a process says until its end.
func (p *process) follow(stdout io.Reader, log io.WriteCloser) {
	defer close(p.exited)
	defer func() { _ = log.Close() }()
	said := map[string]string{}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		fmt.Fprintln(log, lines.Text())
		name, value, _ := strings.Cut(lines.Text(), " ")
		said[name] = strings.TrimSpace(value)
		if name == "ready" {
			p.ready <- said
			said = map[string]string{}
		}
	}
	p.err = p.cmd.Wait()
}

// await waits until a process is ready, and returns what it has said. One that is not in time is
// killed.
func (p *process) await(ctx context.Context) (said map[string]string, err error) {
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case said = <-p.ready:
		return said, nil
	case <-p.exited:
		err = fmt.Errorf("it ended: %w", p.err)
	case <-timer.C:
		err = fmt.Errorf("it is not ready after %v", startTime)
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.kill()

	return nil, fmt.Errorf("it does not start: %w; its log ends with %s", err, p.tail())
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// terminate tells the process to stop and waits until it has.
func (p *process) terminate() error {
	if err := terminate(p.cmd.Process); err != nil {
		return fmt.Errorf("it cannot be told to stop: %w", err)
	}
	timer := time.NewTimer(drainTime)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.kill()

		return fmt.Errorf("it has not stopped after %v", drainTime)
	}
	if p.err != nil && signals {
		return fmt.Errorf("it stopped with %w; its log ends with %s", p.err, p.tail())
	}

	return nil
}

// hasExited tells whether the process is no more.
func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// tail is the end of the log.
func (p *process) tail() string {
	const most = 2000
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}

	return string(bytes.TrimSpace(text[max(0, len(text)-most):]))
}
