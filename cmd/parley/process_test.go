package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a parley of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    chan string // lines; closed at the end
	err    chan string // lines; closed at the end
	reads  sync.WaitGroup
	reaped sync.Once
	status int
}

// start starts a process. It is killed at the end of the test if it still runs.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0], args...), out: make(chan string, 1000), err: make(chan string, 1000)}
	p.cmd.Env = append(os.Environ(), asBinary+"=1")
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.reads.Go(func() { lines(out, p.out) })
	p.reads.Go(func() { lines(errs, p.err) })
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		p.wait()
	})

	return p
}

func lines(r io.Reader, to chan<- string) {
	defer close(to)
	for s := bufio.NewScanner(r); s.Scan(); {
		to <- s.Text()
	}
}

// wait waits for the end and returns the exit status.
func (p *process) wait() int {
	p.reaped.Do(func() {
		p.reads.Wait()
		_ = p.cmd.Wait()
		p.status = p.cmd.ProcessState.ExitCode()
	})

	return p.status
}

// line waits for a line that begins with prefix and returns what follows.
func (p *process) line(from <-chan string, prefix string) string {
	p.t.Helper()
	var seen bytes.Buffer
	for deadline := time.After(patience); ; {
		select {
		case line, ok := <-from:
			if !ok {
				p.t.Fatalf("%v ended without the line %q; it printed\n%s", p.cmd.Args[1:], prefix, &seen)
			}
			seen.WriteString(line + "\n")
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				return strings.TrimSpace(rest)
			}
		case <-deadline:
			p.t.Fatalf("%v does not print the line %q; it printed\n%s", p.cmd.Args[1:], prefix, &seen)
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) write(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// served is a node in a process of its own.
type served struct {
	*process

	tcp, ws, cluster string
}

func serve(t *testing.T, args ...string) *served {
	t.Helper()
	n := &served{process: start(t, append([]string{"serve", "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"}, args...)...)}
	n.tcp, n.ws = n.line(n.out, "clients"), n.line(n.out, "web")
	if strings.Contains(strings.Join(args, " "), "--cluster ") {
		n.cluster = n.line(n.out, "cluster")
	}
	n.line(n.out, "ready")

	return n
}
