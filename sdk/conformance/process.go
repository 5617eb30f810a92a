package main

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
	"sync"
	"time"

	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

const (
	// maxLine bounds a line of an adapter.
	maxLine = 1 << 20
	// exitTime is how long an adapter may take to end after the end of its input.
	exitTime = 10 * time.Second
)

// process is a running adapter.
type process struct {
	hello adapter.Hello
	cmd   *exec.Cmd
	in    io.WriteCloser
	read  chan struct{} // closed at the end of its output

	mu      sync.Mutex
	changed chan struct{}              // guarded by mu: closed, and made anew, when a line comes
	lastID  int                        // guarded by mu
	replies map[int]adapter.Reply      // guarded by mu: not yet taken
	events  map[string][]adapter.Event // guarded by mu: by client, not yet taken, states aside
	states  map[string][]adapter.Event // guarded by mu
	failure error                      // guarded by mu: why no line comes any more
}

// startAdapter runs the command, and waits for its first line.
func startAdapter(ctx context.Context, command []string) (*process, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // to run what the command line says is the purpose
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the adapter: %w", err)
	}
	p := &process{
		cmd: cmd, in: in, read: make(chan struct{}), changed: make(chan struct{}),
		replies: make(map[int]adapter.Reply), events: make(map[string][]adapter.Event), states: make(map[string][]adapter.Event),
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxLine)
	if !lines.Scan() {
		err = errors.Join(errors.New("the adapter ended without a first line"), lines.Err())
	} else if err = strict(lines.Bytes(), &p.hello); err == nil && (p.hello.Adapter == "" || len(p.hello.Transports) == 0) {
		err = fmt.Errorf(`the adapter's first line is %s, want {"adapter":NAME,"transports":["ws"]}`, lines.Text())
	}
	go func() {
		defer close(p.read)
		if err == nil {
			p.follow(lines)
		}
	}()
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}

	return p, nil
}

// strict decodes a line of an adapter. An unknown member is an error: it may be a misspelt one.
func strict(line []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("the adapter's line %s: %w", line, err)
	}

	return nil
}

// follow reads lines to the end.
func (p *process) follow(lines *bufio.Scanner) {
	for lines.Scan() {
		err := p.take(lines.Bytes())
		p.change(func() {
			if p.failure == nil {
				p.failure = err
			}
		})
	}
	p.change(func() {
		if p.failure == nil {
			p.failure = errors.Join(errors.New("the adapter has ended"), lines.Err())
		}
	})
}

func (p *process) take(line []byte) error {
	var kind struct {
		Event string `json:"event"`
	}
	if err := json.Unmarshal(line, &kind); err != nil {
		return fmt.Errorf("the adapter's line %s: %w", line, err)
	}
	if kind.Event == "" {
		var r adapter.Reply
		if err := strict(line, &r); err != nil {
			return err
		}
		p.change(func() { p.replies[r.ID] = r })

		return nil
	}
	var e adapter.Event
	if err := strict(line, &e); err != nil {
		return err
	}
	p.change(func() {
		if e.Event == adapter.EventState {
			p.states[e.Client] = append(p.states[e.Client], e)
		} else {
			p.events[e.Client] = append(p.events[e.Client], e)
		}
	})

	return nil
}

func (p *process) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

// await calls take until it says that it has what it waits for.
func (p *process) await(ctx context.Context, what string, take func() bool) error {
	for {
		p.mu.Lock()
		ok, changed, failure := take(), p.changed, p.failure
		p.mu.Unlock()
		switch {
		case ok:
			return nil
		case failure != nil:
			return failure
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("no %s", what)
		}
	}
}

// send gives a command to the adapter, and returns its number.
func (p *process) send(cmd adapter.Command) (int, error) {
	p.mu.Lock()
	p.lastID++
	cmd.ID = p.lastID
	p.mu.Unlock()
	line, err := json.Marshal(cmd)
	if err != nil {
		return 0, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return 0, fmt.Errorf("the adapter does not read: %w", err)
	}

	return cmd.ID, nil
}

// reply waits for the reply to a command.
func (p *process) reply(ctx context.Context, id int) (r adapter.Reply, err error) {
	err = p.await(ctx, "reply", func() (ok bool) {
		r, ok = p.replies[id]
		delete(p.replies, id)

		return ok
	})

	return r, err
}

// next waits for the next event of a client, or for the next change of its state.
func (p *process) next(ctx context.Context, client string, states bool) (e adapter.Event, err error) {
	err = p.await(ctx, "event", func() bool {
		queue := p.events
		if states {
			queue = p.states
		}
		if len(queue[client]) == 0 {
			return false
		}
		e, queue[client] = queue[client][0], queue[client][1:]

		return true
	})

	return e, err
}

// stop ends the input, and waits for the adapter to close its clients and end.
func (p *process) stop() error {
	_ = p.in.Close() // it may have ended already
	timer := time.AfterFunc(exitTime, func() { _ = p.cmd.Process.Kill() })
	<-p.read
	err := p.cmd.Wait()
	if !timer.Stop() {
		return fmt.Errorf("the adapter did not end within %v of the end of its input", exitTime)
	}
	if err != nil {
		return fmt.Errorf("the adapter ended with %w", err)
	}

	return nil
}
