package gateway

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/wire"
)

// inVirtualTime runs a test with a node in a bubble; connections are pipes.
func inVirtualTime(t *testing.T, cfg Config, prepare func(n *node), test func(t *scene, n *node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, cfg)
		n.router.Handle(2, 1, echo)
		n.router.Handle(2, 2, pushBack)
		if prepare != nil {
			prepare(n)
		}
		n.router.Freeze()
		test(&scene{t}, n)
		if err := n.gw.Close(); err != nil {
			t.Error(err)
		}
	})
}

// pipe connects a client that reads all that comes into a channel, with the time.
func (n *node) pipe(tb testing.TB) *piped {
	tb.Helper()
	ours, theirs := net.Pipe()
	n.gw.startConn(theirs, overTCP)
	p := &piped{t: tb, conn: ours, frames: make(chan wire.Frame, 1000), closed: make(chan struct{})}
	go p.read()
	tb.Cleanup(func() { _ = ours.Close() })

	return p
}

type piped struct {
	t      testing.TB
	conn   net.Conn
	frames chan wire.Frame
	closed chan struct{}
}

func (p *piped) read() {
	defer close(p.closed)
	r := wire.NewReader(p.conn, 1<<20)
	for {
		f, err := r.Next()
		if err != nil {
			return
		}
		f.Payload = append([]byte(nil), f.Payload...)
		p.frames <- f
	}
}

func (p *piped) send(f wire.Frame) {
	p.t.Helper()
	if _, err := p.conn.Write(wire.AppendFrame(nil, f)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *piped) want(kind wire.Kind) wire.Frame {
	p.t.Helper()
	select {
	case f := <-p.frames:
		if f.Kind != kind {
			p.t.Fatalf("%v %d %q, want a %v", f.Kind, f.Cmd, f.Payload, kind)
		}

		return f
	case <-time.After(time.Hour):
		p.t.Fatalf("no %v came", kind)
	}

	return wire.Frame{}
}

func (p *piped) login(id string) {
	p.t.Helper()
	p.send(helloFrame(id))
	p.want(wire.KindWelcome)
}

const beat = 15 * time.Second
