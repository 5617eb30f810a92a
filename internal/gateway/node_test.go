package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// node is the smallest host of a gateway: it admits every user, and a newer login displaces the
// older.
type node struct {
	gw     *Gateway
	users  *user.Registry
	router *command.Router
	tcp    string // address
	ws     string // URL

	handled atomic.Int64 // requests whose handling has begun; counted by the handlers of overAll

	admit func(ctx context.Context, u *user.User) error // instead of just admitting

	mu     sync.Mutex
	joined map[*user.User]int // how often Admit succeeded
	left   map[*user.User][]user.Reason
	gone   chan left // every Leave
}

type left struct {
	u   *user.User
	why user.Reason
}

// tokens is an Authenticator whose tokens are "token of " and the user ID.
type tokens struct{}

var errForged = errors.New("token forged")

func (tokens) Identify(_ context.Context, token string, _ net.Addr) (auth.Identity, error) {
	id, ok := strings.CutPrefix(token, "token of ")
	if !ok {
		return auth.Identity{}, errForged
	}

	return auth.Identity{UserID: id}, user.CheckID(id)
}

func (n *node) Admit(ctx context.Context, u *user.User) error {
	if n.admit != nil {
		if err := n.admit(ctx, u); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if old := n.users.ByUID(u.ID); old != nil {
		sessions.Discard(n.users, old, user.Left)
		go sessions.Of(old).Close(2002, "newer login")
	}
	sessions.Add(n.users, u)
	n.joined[u]++

	return nil
}

func (n *node) Leave(u *user.User, why user.Reason) {
	n.mu.Lock()
	sessions.Discard(n.users, u, user.Left)
	n.left[u] = append(n.left[u], why)
	n.mu.Unlock()
	n.gone <- left{u, why}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// newNode makes a node without listeners; its handlers are still to be set.
func newNode(tb testing.TB, cfg Config) *node {
	tb.Helper()
	cfg.Node = "n1"
	cfg.Logger = quiet()
	cfg.Loops = netio.NewLoops(nil)
	tb.Cleanup(cfg.Loops.Close)
	n := &node{
		users: user.NewRegistry(), router: command.NewRouter(quiet()),
		joined: make(map[*user.User]int), left: make(map[*user.User][]user.Reason), gone: make(chan left, 10_000),
	}
	n.gw = New(cfg, tokens{}, n.users, n.router, n)
	tb.Cleanup(func() {
		if err := n.gw.Close(); err != nil {
			tb.Error(err)
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		for u := range n.joined {
			if n.joined[u] != 1 || len(n.left[u]) != 1 {
				tb.Errorf("%s: admitted %d times, left %d times", u.ID, n.joined[u], len(n.left[u]))
			}
		}
		testkit.Eventually(tb, "the connections that are held are 0", func() bool { return n.gw.Stats().Held == 0 }) // a handler of HTTP may be at its end
		if n.gw.Sessions() != 0 || n.gw.wheel.count != 0 || n.gw.Stats().Pending != 0 || n.gw.Stats().Held != 0 || len(n.gw.door.addresses) != 0 {
			tb.Errorf("at the end %d sessions, %d in the wheel, %d pending, %d held", n.gw.Sessions(), n.gw.wheel.count, n.gw.Stats().Pending, n.gw.Stats().Held)
		}
	})

	return n
}

// listen opens a TCP and a WebSocket listener.
func (n *node) listen(tb testing.TB) *node {
	tb.Helper()
	n.router.Freeze()
	var serving sync.WaitGroup
	ln := loopback(tb)
	n.tcp = ln.Addr().String()
	serving.Go(func() {
		if err := n.gw.Serve(ln); err != nil && !errors.Is(err, ErrClosed) { // closed before it began
			tb.Error(err)
		}
	})
	web := loopback(tb)
	mux := http.NewServeMux()
	mux.Handle("/ws", n.gw.WebSocket())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	n.ws = "ws://" + web.Addr().String() + "/ws"
	serving.Go(func() { _ = server.Serve(web) })
	tb.Cleanup(func() {
		_ = server.Close()
		_ = n.gw.Close()
		serving.Wait()
	})

	return n
}

func start(tb testing.TB, cfg Config) *node {
	tb.Helper()
	n := newNode(tb, cfg)
	n.router.Handle(2, 1, echo)
	n.router.Handle(2, 2, pushBack)

	return n.listen(tb)
}

// echo answers with what it was sent.
func echo(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
	u.ServerRespond(payload, ver, cmd, uint8(wire.StatusOK), true)
	next(nil)
}

// pushBack pushes what it was sent.
func pushBack(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
	u.ServerPush(ver, cmd, payload, true)
	next(nil)
}

func loopback(tb testing.TB) net.Listener {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}

	return ln
}

// user waits until a user with this ID is there.
func (n *node) user(tb testing.TB, id string) *user.User {
	tb.Helper()
	u := n.users.ByUID(id)
	if u == nil {
		tb.Fatalf("%s is not here", id)
	}

	return u
}

func (n *node) wantLeft(tb testing.TB, id string, why user.Reason) {
	tb.Helper()
	select {
	case l := <-n.gone:
		if l.u.ID != id || l.why != why {
			tb.Fatalf("%s left (%d), want %s (%d)", l.u.ID, l.why, id, why)
		}
	case <-time.After(testTime):
		tb.Fatalf("%s did not leave", id)
	}
}

// startConn makes a session of a connection of no listener.
func (g *Gateway) startConn(conn net.Conn, via transport) {
	if v := g.enter(conn, nil); v != nil {
		g.start(v, via)
	}
}
