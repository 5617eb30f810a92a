package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

// maxWaiting bounds the frames that wait in a stalled proxy, in each direction.
const maxWaiting = 4096

// proxy stands between clients and a node and makes faults. It passes on whole frames, so that
// frames of its own come between them.
type proxy struct {
	listener net.Listener
	target   string
	framing  framing
	running  sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{}    // guarded by mu: closed, and made anew, when anything below changes
	conns    map[*tunnel]bool // guarded by mu
	refusing bool             // guarded by mu: new connections are closed at once
	stalled  bool             // guarded by mu: nothing is passed on
	split    bool             // guarded by mu: bytes are passed on one by one
	closed   bool             // guarded by mu
	logins   int              // guarded by mu: welcomes passed on
	pings    int              // guarded by mu: of clients
	pongs    []uint32         // guarded by mu: ids of the pongs of clients, not yet taken
	requests int              // guarded by mu: of clients
	goodbyes []wire.Goodbye   // guarded by mu: of clients, not yet taken
	fault    time.Time        // guarded by mu: when the last frame was put in
	dialed   []time.Time      // guarded by mu: when clients connected
}

// tunnel is one connection of a client and the one to the node.
type tunnel struct {
	client, node net.Conn

	down sync.Mutex // held to write to client
}

func newProxy(ctx context.Context, target string, f framing) (*proxy, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{
		listener: listener, target: target, framing: f,
		changed: make(chan struct{}), conns: make(map[*tunnel]bool),
	}
	p.running.Go(p.accept)

	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) close() {
	p.change(func() { p.closed = true })
	p.listener.Close()
	p.cut()
	p.running.Wait()
}

// change changes what the mutex guards, and wakes what waits for that.
func (p *proxy) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

// await waits until what the mutex guards is so.
func (p *proxy) await(ctx context.Context, so func() bool) error {
	for {
		p.mu.Lock()
		ok, changed := so(), p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// cut breaks all connections, as a reset does.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for t := range p.conns {
		t.cut()
	}
}

func (t *tunnel) cut() {
	if tcp, ok := t.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // at worst it is no reset, but an end
	}
	t.client.Close()
	t.node.Close()
}

// inject writes a piece to all clients, between two frames, and then ends the connections if last.
func (p *proxy) inject(piece []byte, last bool) error {
	p.mu.Lock()
	var all []*tunnel
	for t := range p.conns {
		all = append(all, t)
	}
	p.mu.Unlock()
	p.change(func() { p.fault = time.Now() })
	err := errors.New("no client is connected")
	for _, t := range all {
		t.down.Lock()
		_, e := t.client.Write(piece)
		t.down.Unlock()
		if e == nil {
			err = nil
		} else if err != nil {
			err = e // one that has just closed; another one may be open
		}
		if last {
			t.node.Close()
		}
	}

	return err
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		refusing := false
		p.change(func() {
			refusing = p.refusing || p.closed
			p.dialed = append(p.dialed, time.Now())
		})
		if refusing {
			client.Close()

			continue
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *proxy) serve(client net.Conn) {
	node, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.target)
	if err != nil {
		client.Close()

		return
	}
	t := &tunnel{client: client, node: node}
	closed := false
	p.change(func() {
		p.conns[t] = true
		closed = p.closed
	})
	if closed {
		t.cut()
	}
	var both sync.WaitGroup
	both.Go(func() { p.pass(t.client, t.node, nil, p.fromClient) })
	both.Go(func() {
		p.pass(t.node, t.client, &t.down, p.fromNode)
		t.client.Close()
	})
	both.Wait()
	client.Close()
	node.Close()
	p.change(func() { delete(p.conns, t) })
}

// pass passes frames on until the connection ends, and shows each body to see. It reads on while
// the proxy is stalled, so that it sees what clients have sent.
func (p *proxy) pass(from, to net.Conn, writing *sync.Mutex, see func(wire.Frame)) {
	pieces := make(chan []byte, maxWaiting)
	var writer sync.WaitGroup
	writer.Go(func() {
		var err error
		for piece := range pieces {
			if err == nil {
				err = p.write(to, piece, writing)
			}
		}
		if half, ok := to.(*net.TCPConn); ok && writing == nil {
			_ = half.CloseWrite() // the node may have answers still
		}
	})
	r := bufio.NewReader(from)
	piece, err := p.framing.opening(r)
	var body []byte
	for err == nil {
		if f, broken := wire.ParseBody(body); broken == nil {
			see(f)
		}
		pieces <- piece
		piece, body, err = p.framing.next(r)
	}
	close(pieces)
	writer.Wait()
}

// write writes a piece as the faults of the moment will have it.
func (p *proxy) write(to net.Conn, piece []byte, writing *sync.Mutex) error {
	if err := p.await(context.Background(), func() bool { return !p.stalled || p.closed }); err != nil {
		return err
	}
	p.mu.Lock()
	split := p.split
	p.mu.Unlock()
	if writing != nil {
		writing.Lock()
		defer writing.Unlock()
	}
	step := len(piece)
	if split {
		step = 1
	}
	for len(piece) > 0 {
		n := min(step, len(piece))
		if _, err := to.Write(piece[:n]); err != nil {
			return err
		}
		piece = piece[n:]
	}

	return nil
}

func (p *proxy) fromClient(f wire.Frame) {
	switch f.Kind {
	case wire.KindPing:
		p.change(func() { p.pings++ })
	case wire.KindPong:
		p.change(func() { p.pongs = append(p.pongs, f.ID) })
	case wire.KindRequest:
		p.change(func() { p.requests++ })
	case wire.KindGoodbye:
		p.change(func() { p.goodbyes = append(p.goodbyes, wire.Goodbye(f.Cmd)) })
	}
}

func (p *proxy) fromNode(f wire.Frame) {
	if f.Kind == wire.KindWelcome {
		p.change(func() { p.logins++ })
	}
}
