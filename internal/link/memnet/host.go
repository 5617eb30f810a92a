package memnet

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// Host is one machine with one process. It is a link.Network.
type Host struct {
	net  *Net
	name string

	// Guarded by the network's mu.
	crashed   bool
	frozen    bool
	running   chan struct{}        // closed while the process runs
	listeners map[string]*listener // by address
	lastPort  int
}

// firstPort is the first of the ports that Listen and Dial choose.
const firstPort = 40000

// portLocked chooses a port. Called with the network's mu held.
func (h *Host) portLocked() int {
	h.lastPort++

	return firstPort + h.lastPort
}

// Listen listens at a port of the host, whatever host the address names. Port 0 chooses one.
func (h *Host) Listen(_ context.Context, at string) (net.Listener, error) {
	a, err := parseAddr(at)
	if err != nil {
		return nil, err
	}
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	if a.host = h.name; a.port == 0 {
		a.port = h.portLocked()
	}
	if h.crashed || h.listeners[a.String()] != nil {
		return nil, opError("listen", a, syscall.EADDRINUSE)
	}
	l := &listener{host: h, addr: a, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	h.listeners[a.String()] = l

	return l, nil
}

// Dial connects to "name:port".
func (h *Host) Dial(ctx context.Context, to string) (net.Conn, error) {
	remote, err := parseAddr(to)
	if err != nil {
		return nil, err
	}
	if err := h.runs(ctx); err != nil {
		return nil, opError("dial", remote, err)
	}
	conn, err := h.connect(ctx, remote)
	if frozen := h.runs(ctx); frozen != nil && err == nil {
		_ = conn.Close()
		err = frozen
	}
	if err != nil {
		return nil, opError("dial", remote, err)
	}

	return conn, nil
}

// connect is the three-way handshake.
func (h *Host) connect(ctx context.Context, remote addr) (*Conn, error) {
	if err := h.net.passes(ctx, h.name, remote.host); err != nil {
		return nil, err
	}
	ours, theirs := h.net.pair(h, remote)
	if err := h.net.passes(ctx, remote.host, h.name); err != nil {
		if ours != nil {
			_ = ours.Close()
		}

		return nil, err
	}
	if ours == nil {
		return nil, syscall.ECONNREFUSED
	}
	if theirs.listener.isClosed() {
		return nil, syscall.ECONNREFUSED
	}

	return ours, nil
}

// pair connects a host with a listener, which gets one of the ends. Nil: there is none.
func (n *Net) pair(h *Host, remote addr) (ours, theirs *Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	other := n.hosts[remote.host]
	if h.crashed || other == nil || other.crashed || other.listeners[remote.String()] == nil {
		return nil, nil
	}
	l := other.listeners[remote.String()]
	local := addr{h.name, h.portLocked()}
	ours = newConn(h, local, remote, n.cuts[way{remote.host, h.name}] != nil)
	theirs = newConn(other, remote, local, n.cuts[way{h.name, remote.host}] != nil)
	ours.out, theirs.out = theirs.in, ours.in
	theirs.listener = l
	n.conns[ours], n.conns[theirs] = struct{}{}, struct{}{}
	l.add(theirs)

	return ours, theirs
}

// Crash resets the host's connections and closes its listeners.
func (h *Host) Crash() {
	h.net.mu.Lock()
	h.crashed = true
	listeners := h.listeners
	h.listeners = nil
	var open []*Conn
	for c := range h.net.conns {
		if c.host == h {
			open = append(open, c)
		}
	}
	h.net.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close()
	}
	for _, c := range open {
		c.reset()
	}
	h.Thaw()
}

// Freeze stops the host's process until Thaw.
func (h *Host) Freeze() {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	if !h.frozen && !h.crashed {
		h.frozen = true
		h.running = make(chan struct{})
	}
}

// Thaw lets the process run again.
func (h *Host) Thaw() {
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	if h.frozen {
		h.frozen = false
		close(h.running)
	}
}

// Gate blocks while the process is stopped.
func (h *Host) Gate() { _ = h.runs(context.Background()) }

// runs waits until the process runs.
func (h *Host) runs(ctx context.Context) error {
	for {
		h.net.mu.Lock()
		frozen, running := h.frozen, h.running
		h.net.mu.Unlock()
		if !frozen {
			return nil
		}
		select {
		case <-running:
		case <-ctx.Done(): // noticed when the process runs again
			<-running

			return ctxError(ctx)
		}
	}
}

// listener is a listening port.
type listener struct {
	host   *Host
	addr   addr
	wake   chan struct{}
	closed chan struct{}

	mu    sync.Mutex
	queue []*Conn // guarded by mu
	over  bool    // guarded by mu
}

func (l *listener) add(c *Conn) {
	l.mu.Lock()
	l.queue = append(l.queue, c)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *listener) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.over
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		l.host.Gate()
		l.mu.Lock()
		if l.over {
			l.mu.Unlock()

			return nil, opError("accept", l.addr, net.ErrClosed)
		}
		if len(l.queue) > 0 {
			c := l.queue[0]
			l.queue = l.queue[1:]
			l.mu.Unlock()

			return c, nil
		}
		l.mu.Unlock()
		select {
		case <-l.wake:
		case <-l.closed:
		}
	}
}

// Close implements net.Listener. Connections that were not accepted are reset.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()

		return nil
	}
	l.over = true
	queue := l.queue
	l.queue = nil
	close(l.closed)
	l.mu.Unlock()
	l.host.net.mu.Lock()
	delete(l.host.listeners, l.addr.String())
	l.host.net.mu.Unlock()
	for _, c := range queue {
		c.reset()
	}

	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.addr }
