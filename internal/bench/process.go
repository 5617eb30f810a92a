package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Self says how to start this program again, as a server to be measured.
type Self struct {
	Path string   // the binary
	Env  []string // beside this process's own
}

// with is the same with another binary, if there is one.
func (s Self) with(b Binary) Self {
	s.Path = cmp.Or(b.Path, s.Path)

	return s
}

const (
	startTimeout = 60 * time.Second // for a process to be ready
	stopTimeout  = 10 * time.Second // for one to end when it is told to
)

// process is a server process.
type process struct {
	name    string
	cmd     *exec.Cmd
	output  chan string   // its standard output, a line each, until discard is closed
	discard chan struct{} // closed by discardOutput: further output is read and discarded
	exited  chan struct{} // closed when the process has ended
	stderr  lastLine      // of its standard error

	reader sync.WaitGroup
}

// launch starts this program with other arguments. The caller must call awaitReady or
// discardOutput.
func (s Self) launch(name string, env []string, args ...string) (*process, error) {
	cmd := exec.Command(s.Path, args...) //nolint:gosec,noctx // this very program or --binary; told to stop by stop, which may be gentle
	cmd.Env = append(append(os.Environ(), s.Env...), env...)
	cmd.SysProcAttr = ownGroup()
	p := &process{name: name, cmd: cmd, output: make(chan string), discard: make(chan struct{}), exited: make(chan struct{})}
	cmd.Stderr = &p.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s cannot be started: %w", name, err)
	}
	p.reader.Go(func() { p.read(out) })

	return p, nil
}

// discardOutput discards further output. It must be called once.
func (p *process) discardOutput() { close(p.discard) }

// start launches a process and waits until it prints "ready". What it printed before, such as
// "clients ADDRESS", is returned by name.
func (s Self) start(ctx context.Context, name string, env []string, args ...string) (*process, map[string]string, error) {
	p, err := s.launch(name, env, args...)
	if err != nil {
		return nil, nil, err
	}
	said, err := p.awaitReady(ctx)
	p.discardOutput()
	if err != nil {
		p.stop()

		return nil, nil, err
	}

	return p, said, nil
}

// awaitServing waits until a node takes users: /readyz says so and its TCP port accepts.
func (p *process) awaitServing(ctx context.Context, at nodePorts) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready after %s", startTimeout))
	defer cancel()
	const again = 20 * time.Millisecond
	for !ready(ctx, at) {
		select {
		case <-p.exited:
			return p.exitError()
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", p.name, context.Cause(ctx))
		case <-time.After(again):
		}
	}

	return nil
}

// ready asks a node once whether it takes users.
func ready(ctx context.Context, at nodePorts) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.http+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return false
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", at.tcp)
	if err != nil {
		return false
	}
	_ = conn.Close()

	return true
}

// read sends lines to output until discard is closed, and reaps the process.
func (p *process) read(out io.Reader) {
	defer close(p.exited)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		select {
		case p.output <- lines.Text():
		case <-p.discard:
		}
	}
	_, _ = io.Copy(io.Discard, out) // after a line that is too long
	_ = p.cmd.Wait()
}

func (p *process) awaitReady(ctx context.Context) (map[string]string, error) {
	return p.awaitReadyFor(ctx, startTimeout)
}

func (p *process) awaitReadyFor(ctx context.Context, patience time.Duration) (map[string]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not ready after %s", patience))
	defer cancel()
	said := map[string]string{}
	for {
		select {
		case text := <-p.output:
			name, value, _ := strings.Cut(text, " ")
			said[name] = strings.TrimSpace(value)
			if name == "ready" {
				return said, nil
			}
		case <-p.exited:
			return nil, p.exitError()
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", p.name, context.Cause(ctx))
		}
	}
}

// exitError returns an error with the last line of standard error, or the exit status.
func (p *process) exitError() error {
	if last := p.stderr.String(); last != "" {
		return fmt.Errorf("%s has ended: %s", p.name, last)
	}

	return fmt.Errorf("%s has ended (%s)", p.name, p.cmd.ProcessState)
}

// checkRunning returns an error if the process has ended.
func (p *process) checkRunning() error {
	select {
	case <-p.exited:
		return p.exitError()
	default:
		return nil
	}
}

// kill ends the process as kill -9 does, and does not wait for its end.
func (p *process) kill() error { return p.cmd.Process.Kill() }

// stop interrupts the process, and kills it after stopTimeout.
func (p *process) stop() {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = p.cmd.Process.Kill() // Windows has no interrupt for processes
	}
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
	}
	p.reader.Wait()
}

// lastLine keeps the last line of what is written to it.
type lastLine struct {
	mu   sync.Mutex
	last []byte // guarded by mu
}

const maxLastLine = 1000

func (t *lastLine) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := bytes.TrimSpace(p); len(text) > 0 {
		text = text[bytes.LastIndexByte(text, '\n')+1:]
		t.last = append(t.last[:0], text[:min(len(text), maxLastLine)]...)
	}

	return len(p), nil
}

func (t *lastLine) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()

	return string(t.last)
}
