package chat

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// hub is a server of one node with the wire's least: a token is the user's ID, 701 and its push,
// goodbyes. What the real server does is tested where it is built; here it is the other end of a
// terminal.
type hub struct {
	t     *testing.T
	ln    net.Listener
	tasks sync.WaitGroup

	mu    sync.Mutex
	users map[string]net.Conn // guarded by mu, writes included
	here  *sync.Cond          // on mu: users has changed
}

func newHub(t *testing.T) *hub {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{t: t, ln: ln, users: map[string]net.Conn{}}
	h.here = sync.NewCond(&h.mu)
	h.tasks.Go(h.accept)
	t.Cleanup(func() {
		ln.Close()
		h.mu.Lock()
		for _, c := range h.users {
			c.Close()
		}
		h.mu.Unlock()
		h.tasks.Wait()
	})

	return h
}

func (h *hub) url() string { return "tcp://" + h.ln.Addr().String() }

func (h *hub) accept() {
	for {
		conn, err := h.ln.Accept()
		if err != nil {
			return
		}
		h.tasks.Go(func() { h.serve(conn) })
	}
}

func (h *hub) serve(conn net.Conn) {
	defer conn.Close()
	in := wire.NewReader(conn, wire.DefaultMaxMessage+wire.FrameRoom)
	first, err := in.Next()
	if err != nil {
		return
	}
	hello, err := wire.ParseHello(first.Payload)
	if err != nil {
		return
	}
	name := hello.Token
	h.mu.Lock()
	if name == "forged" {
		h.write(conn, wire.Frame{Kind: wire.KindGoodbye, Cmd: uint16(wire.GoodbyeBadToken), Payload: []byte("token forged")})
		h.mu.Unlock()

		return
	}
	welcome := wire.Welcome{User: name, Session: "s", Node: "n1", HeartbeatMS: 15000, MaxMessage: wire.DefaultMaxMessage}
	h.write(conn, wire.Frame{Kind: wire.KindWelcome, Payload: welcome.Append(nil)})
	h.users[name] = conn
	h.here.Broadcast()
	h.mu.Unlock()
	for {
		f, err := in.Next()
		if err != nil || f.Kind == wire.KindGoodbye {
			break
		}
		h.handle(conn, name, f)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users[name] == conn {
		delete(h.users, name)
		h.here.Broadcast()
	}
}

func (h *hub) handle(conn net.Conn, from string, f wire.Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Kind {
	case wire.KindPing:
		h.write(conn, wire.Frame{Kind: wire.KindPong, ID: f.ID})
	case wire.KindRequest:
		to, text, err := wire.ParsePeer(f.Payload)
		answer := wire.AppendResponse(nil, wire.StatusOK, nil)
		if string(to) == "decliner" || string(to) == "dropper" {
			receipt := wire.Receipt{Result: wire.Declined}
			if string(to) == "dropper" {
				receipt.Result = wire.Dropped
			}
			answer = wire.AppendResponse(nil, wire.StatusOK, wire.AppendReceipt(nil, receipt))
		} else if peer := h.users[string(to)]; err == nil && peer != nil {
			h.write(peer, wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: f.Cmd, Payload: append(wire.AppendPeer(nil, from), text...)})
		} else {
			answer = wire.AppendError(nil, wire.CodeUserNotFound, "user not found")
		}
		h.write(conn, wire.Frame{Kind: wire.KindResponse, Ver: f.Ver, Cmd: f.Cmd, ID: f.ID, Payload: answer})
	default:
	}
}

func (h *hub) write(conn net.Conn, f wire.Frame) { _, _ = conn.Write(wire.AppendFrame(nil, f)) }

// goodbye ends a user's session.
func (h *hub) goodbye(name string, code wire.Goodbye) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if conn := h.users[name]; conn != nil {
		h.write(conn, wire.Frame{Kind: wire.KindGoodbye, Cmd: uint16(code)})
		conn.Close()
	}
}

// push sends a user what it has not asked for.
func (h *hub) push(name string, cmd uint16, from, text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.write(h.users[name], wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: cmd, Payload: append(wire.AppendPeer(nil, from), text...)})
}

// wait waits until the user is connected.
func (h *hub) wait(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.users[name] == nil {
		h.here.Wait()
	}
}

func (h *hub) start(name string) *Conversation {
	h.t.Helper()
	c, err := Start(h.t.Context(), Options{URL: h.url(), Timeout: 10 * time.Second, Client: []client.Option{
		client.WithToken(name), client.WithBackoff(time.Millisecond, time.Millisecond),
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { c.Close() })

	return c
}

// next waits for an event of a kind.
func next(ctx context.Context, t *testing.T, c *Conversation, kind EventKind) Event {
	t.Helper()
	for {
		select {
		case e := <-c.Events():
			if e.Kind == kind {
				return e
			}
		case <-ctx.Done():
			t.Fatal("the event does not come")
		}
	}
}
