package gateway

import (
	"crypto/tls"
	"testing"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// overAll runs a test over TCP, WebSocket and TLS. Beside the handlers of start, command 1.1 of the
// engine's own, which runs on a loop's goroutine, echoes.
func overAll(t *testing.T, cfg Config, test func(t *scene, n *node, dial func(testing.TB) *client)) {
	t.Helper()
	begin := func(t *testing.T, cfg Config) *node {
		t.Helper()
		n := newNode(t, cfg)
		n.router.Handle(2, 1, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
			n.handled.Add(1)
			echo(ver, cmd, payload, u, next)
		})
		n.router.Builtin(1, 1, func(req command.Request) {
			n.handled.Add(1)
			req.Answer(wire.StatusOK, req.Payload)
		})

		return n.listen(t)
	}
	t.Run("TCP", func(t *testing.T) { n := begin(t, cfg); test(&scene{t}, n, n.dialTCP) })
	t.Run("WebSocket", func(t *testing.T) { n := begin(t, cfg); test(&scene{t}, n, n.dialWS) })
	t.Run("TLS", func(t *testing.T) {
		server, trusting := testkit.TLS(t)
		cfg.TLS = server
		n := begin(t, cfg)
		test(&scene{t}, n, func(tb testing.TB) *client { tb.Helper(); return n.dialTLS(tb, trusting) })
	})
}

func (n *node) dialTLS(tb testing.TB, cfg *tls.Config) *client {
	tb.Helper()
	conn, err := tls.Dial("tcp", n.tcp, cfg)
	if err != nil {
		tb.Fatal(err)
	}

	return newClient(tb, &tcpBodies{conn})
}

// ask is a request of the engine's own commands if i is even, else of the program's.
func ask(i int) wire.Frame {
	f := request(uint32(i), 1, number(i))
	if i%2 == 0 {
		f.Ver = 1
	}

	return f
}
