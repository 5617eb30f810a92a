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
	startTime = 60 * time.Second // for a process to be ready
	stopTime  = 10 * time.Second // for one to end when it is told to
)

// process is a server in a process of its own.
type process struct {
	name string
	cmd  *exec.Cmd
	says chan string   // its standard output, line by line, until dropped
	deaf chan struct{} // closed by drop: further output is read and thrown away
	done chan struct{} // closed when it has ended
	last tail          // of its standard error

	reads sync.WaitGroup
}

// launch runs this program with other arguments. Its output must be awaited or dropped.
func (s Self) launch(name string, env []string, args ...string) (*process, error) {
	cmd := exec.Command(s.Path, args...) //nolint:gosec,noctx // this very program or --binary; told to stop by stop, which may be gentle
	cmd.Env = append(append(os.Environ(), s.Env...), env...)
	cmd.SysProcAttr = ownGroup()
	p := &process{name: name, cmd: cmd, says: make(chan string), deaf: make(chan struct{}), done: make(chan struct{})}
	cmd.Stderr = &p.last
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s cannot be started: %w", name, err)
	}
	p.reads.Go(func() { p.read(out) })

	return p, nil
}

// drop makes further output be thrown away. It is called once.
func (p *process) drop() { close(p.deaf) }

// start launches a process and waits until it prints "ready". What it printed before, such as
// "clients ADDRESS", is returned by name.
func (s Self) start(ctx context.Context, name string, env []string, args ...string) (*process, map[string]string, error) {
	p, err := s.launch(name, env, args...)
	if err != nil {
		return nil, nil, err
	}
	said, err := p.await(ctx)
	p.drop()
	if err != nil {
		p.stop()

		return nil, nil, err
	}

	return p, said, nil
}

// serving waits until a node takes users: /readyz says so and its TCP port accepts.
func (p *process) serving(ctx context.Context, at nodePorts) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, fmt.Errorf("not ready after %s", startTime))
	defer cancel()
	const again = 20 * time.Millisecond
	for !ready(ctx, at) {
		select {
		case <-p.done:
			return p.ended()
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

// read passes lines on until they are dropped, and reaps the process.
func (p *process) read(out io.Reader) {
	defer close(p.done)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		select {
		case p.says <- lines.Text():
		case <-p.deaf:
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

// kill ends the process as kill -9 does, and does not wait for its end.
func (p *process) kill() error { return p.cmd.Process.Kill() }

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
