package chaos

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// engine is the NATS server that all nodes use in a run that does not embed it.
type engine struct {
	place int // in the network
	log   string

	failing sync.Mutex // held by whoever makes it fail

	mu      sync.Mutex
	process *process // guarded by mu: the newest
	addr    string   // guarded by mu: where it takes clients; the same after a restart
	absent  []span   // guarded by mu: when it was not there at all
}

func newEngine(o *Options) *engine {
	if !o.External {
		return nil
	}

	return &engine{place: o.Nodes, log: filepath.Join(o.Dir, "nats.log")}
}

// url is what nodes are given.
func (e *engine) url() string {
	e.mu.Lock()
	defer e.mu.Unlock()

	return "nats://" + e.addr
}

// start starts a process and waits until it takes clients.
func (e *engine) start(ctx context.Context, net network, o *Options) error {
	e.mu.Lock()
	listen := e.addr
	e.mu.Unlock()
	if listen == "" {
		listen = net.host(e.place) + ":0"
	}
	for from := time.Now(); ; { // a client's connection may have taken the port meanwhile
		p, err := launch(net.command(e.place, o.Binary, "bench", "nats-server", "--name", "nats", "--listen", listen), e.log)
		if err != nil {
			return err
		}
		said, err := p.await(ctx)
		if err == nil {
			e.adopt(p, said["clients"])

			return nil
		}
		if time.Since(from) > startTime || sleep(ctx, time.Second) != nil {
			return fmt.Errorf("chaos: the NATS server: %w", err)
		}
	}
}

func (e *engine) adopt(p *process, addr string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.process, e.addr = p, addr
}

// end makes an end of it. A nil engine has none.
func (e *engine) end() {
	if e == nil {
		return
	}
	e.mu.Lock()
	p := e.process
	e.mu.Unlock()
	if p != nil {
		p.kill()
	}
}

// fail stops or kills the server and returns what starts it again, with nothing that it knew.
func (e *engine) fail(end func(*process) error) func(context.Context, *runner, *node) (func() error, error) {
	return func(ctx context.Context, r *runner, _ *node) (func() error, error) {
		e.failing.Lock()
		e.mu.Lock()
		p := e.process
		e.mu.Unlock()
		err := end(p)
		from := r.ledger.now()

		return func() error {
			defer e.failing.Unlock()
			e.mu.Lock()
			e.absent = append(e.absent, span{from, r.ledger.now()})
			e.mu.Unlock()

			return e.start(ctx, r.cluster.network, &r.o)
		}, err
	}
}

// pause stops it as SIGSTOP does: its connections stand, and nothing goes through.
func (e *engine) pause(_ context.Context, _ *runner, _ *node) (func() error, error) {
	e.failing.Lock()
	e.mu.Lock()
	p := e.process
	e.mu.Unlock()

	return func() error {
		defer e.failing.Unlock()

		return resume(p.cmd.Process)
	}, pause(p.cmd.Process)
}

// away tells whether the server was not there all the while.
func (e *engine) away(from, to moment) bool {
	if e == nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.absent {
		if a.from <= from && to <= a.to {
			return true
		}
	}

	return false
}

// absence is for how long it was away altogether.
func (e *engine) absence() (d time.Duration) {
	if e == nil {
		return 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.absent {
		d += a.to.since(a.from)
	}

	return d
}
