package memnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Options of a network.
type Options struct {
	// Delay is how long data takes from one host to another. Nil: no time.
	Delay func(from, to string) time.Duration
}

// Net is a network. Safe for use by several goroutines.
type Net struct {
	opts  Options
	began time.Time

	mu    sync.Mutex
	hosts map[string]*Host      // guarded by mu; by name
	cuts  map[way]chan struct{} // guarded by mu; closed when healed
	conns map[*Conn]struct{}    // guarded by mu; open ones, both ends
}

// way is a direction between two hosts.
type way struct{ from, to string }

// New makes a network without hosts.
func New(opts Options) *Net {
	if opts.Delay == nil {
		opts.Delay = func(string, string) time.Duration { return 0 }
	}

	return &Net{
		opts: opts, began: time.Now(),
		hosts: make(map[string]*Host), cuts: make(map[way]chan struct{}), conns: make(map[*Conn]struct{}),
	}
}

// Clock is the time since the network was made, for link.Config.
func (n *Net) Clock() time.Duration { return time.Since(n.began) }

// Host returns the host of that name. One that crashed is replaced by a new one.
func (n *Net) Host(name string) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[name]
	if h == nil || h.crashed {
		running := make(chan struct{})
		close(running)
		h = &Host{net: n, name: name, running: running, listeners: make(map[string]*listener)}
		n.hosts[name] = h
	}

	return h
}

// Cut has nothing pass between two hosts until Heal.
func (n *Net) Cut(a, b string) {
	n.CutOneWay(a, b)
	n.CutOneWay(b, a)
}

// CutOneWay has nothing pass from one host to another until Heal.
func (n *Net) CutOneWay(from, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := way{from, to}
	if n.cuts[w] != nil {
		return
	}
	n.cuts[w] = make(chan struct{})
	for c := range n.conns {
		if c.remote.host == from && c.local.host == to {
			c.in.cut()
		}
	}
}

// Heal has everything pass between two hosts again.
func (n *Net) Heal(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range []way{{a, b}, {b, a}} {
		healed := n.cuts[w]
		if healed == nil {
			continue
		}
		delete(n.cuts, w)
		close(healed)
		delay := n.opts.Delay(w.from, w.to)
		for c := range n.conns {
			if c.remote.host == w.from && c.local.host == w.to {
				c.in.heal(delay)
			}
		}
	}
}

// Break resets every connection between two hosts, at both ends at once.
func (n *Net) Break(a, b string) {
	for _, c := range n.between(a, b) {
		c.in.fail(syscall.ECONNRESET)
		n.forget(c)
	}
}

// between lists the ends of the connections between two hosts.
func (n *Net) between(a, b string) []*Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []*Conn
	for c := range n.conns {
		if c.local.host == a && c.remote.host == b || c.local.host == b && c.remote.host == a {
			all = append(all, c)
		}
	}

	return all
}

func (n *Net) forget(c *Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

// passes waits until a message has gone from one host to another.
func (n *Net) passes(ctx context.Context, from, to string) error {
	for {
		n.mu.Lock()
		healed := n.cuts[way{from, to}]
		n.mu.Unlock()
		if healed == nil {
			break
		}
		select {
		case <-healed:
		case <-ctx.Done():
			return ctxError(ctx)
		}
	}

	return wait(ctx, n.opts.Delay(from, to))
}

// ctxError is what a dial returns when its time is over.
func ctxError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}

	return ctx.Err()
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctxError(ctx)
	}
}

// addr is an address in the network.
type addr struct {
	host string
	port int
}

func (addr) Network() string { return "memnet" }

func (a addr) String() string { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }

func opError(op string, to net.Addr, err error) error {
	return &net.OpError{Op: op, Net: "memnet", Addr: to, Err: err}
}

func parseAddr(s string) (addr, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return addr{}, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return addr{}, fmt.Errorf("port %q: %w", port, err)
	}

	return addr{host, n}, nil
}
