package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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

const (
	startTime = 30 * time.Second // for a process to say that it is ready
	stopTime  = 10 * time.Second // for one to end when it is told to
)

// process is a server in a process of its own.
type process struct {
	name string
	cmd  *exec.Cmd
	says chan string   // its standard output, line by line, until it is ready
	done chan struct{} // closed when it has ended
	last tail          // of its standard error

	reads sync.WaitGroup
}

// start runs this program with other arguments and waits until it prints "ready". What it printed before, such as "clients ADDRESS",
// is returned by name.
func (s Self) start(ctx context.Context, name string, env []string, args ...string) (*process, map[string]string, error) {
	cmd := exec.Command(s.Path, args...) //nolint:gosec,noctx // this very program; told to stop by stop, which may be gentle
	cmd.Env = append(append(os.Environ(), s.Env...), env...)
	cmd.SysProcAttr = ownGroup()
	p := &process{name: name, cmd: cmd, says: make(chan string), done: make(chan struct{})}
	cmd.Stderr = &p.last
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("%s cannot be started: %w", name, err)
	}
	ready := make(chan struct{})
	p.reads.Go(func() { p.read(out, ready) })
	said, err := p.await(ctx)
	close(ready)
	if err != nil {
		p.stop()

		return nil, nil, err
	}

	return p, said, nil
}

// read passes lines on until ready is closed, then drops them, and reaps the process.
func (p *process) read(out io.Reader, ready <-chan struct{}) {
	defer close(p.done)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		select {
		case p.says <- lines.Text():
		case <-ready:
		}
	}
	_, _ = io.Copy(io.Discard, out) // behind a line that is too long
	_ = p.cmd.Wait()
}

func (p *process) await(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, fmt.Errorf("not ready after %s", startTime))
	defer cancel()
	said := map[string]string{}
	for {
		select {
		case text := <-p.says:
			name, value, _ := strings.Cut(text, " ")
			said[name] = strings.TrimSpace(value)
			if name == "ready" {
				return said, nil
			}
		case <-p.done:
			return nil, p.ended()
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", p.name, context.Cause(ctx))
		}
	}
}

// ended says that the process has ended, and why if that is known.
func (p *process) ended() error {
	if last := p.last.String(); last != "" {
		return fmt.Errorf("%s has ended: %s", p.name, last)
	}

	return fmt.Errorf("%s has ended (%s)", p.name, p.cmd.ProcessState)
}

// alive returns an error if the process has ended.
func (p *process) alive() error {
	select {
	case <-p.done:
		return p.ended()
	default:
		return nil
	}
}

// stop ends the process, gently if it lets us.
func (p *process) stop() {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = p.cmd.Process.Kill() // windows knows no gentle way
	}
	select {
	case <-p.done:
	case <-time.After(stopTime):
		_ = p.cmd.Process.Kill()
	}
	p.reads.Wait()
}

// tail keeps the last line of what is written to it.
type tail struct {
	mu   sync.Mutex
	last []byte // guarded by mu
}

const longestTail = 1000

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := bytes.TrimSpace(p); len(text) > 0 {
		text = text[bytes.LastIndexByte(text, '\n')+1:]
		t.last = append(t.last[:0], text[:min(len(text), longestTail)]...)
	}

	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()

	return string(t.last)
}
