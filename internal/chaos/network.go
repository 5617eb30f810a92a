package chaos

import (
	"context"
	"net"
	"os/exec"
)

// network is where nodes listen and how clients reach them.
type network interface {
	// command makes the command of a node's process.
	command(node int, binary string, args ...string) *exec.Cmd
	// host is the address that a node listens on.
	host(node int) string
	dial(ctx context.Context, addr string) (net.Conn, error)
	// cuts tells whether reach can do anything.
	cuts() bool
	// reach says whether packets of one node get to another; clients stands for all clients.
	reach(from, to int, ok bool) error
	close() error
}

// A place in the network is the index of a node; beyond the last there is one for the NATS server. clients is where clients are.
const clients = -1

// way is a direction between two places.
type way struct{ from, to int }

// loopback is the network of those who have no better one: it cannot be cut.
type loopback struct{ dialer net.Dialer }

func (*loopback) command(_ int, binary string, args ...string) *exec.Cmd {
	return exec.Command(binary, args...) //nolint:gosec,noctx // the binary under test; it ends by node.end or node.drain alone
}

func (*loopback) host(int) string { return "127.0.0.1" }

func (l *loopback) dial(ctx context.Context, addr string) (net.Conn, error) {
	return l.dialer.DialContext(ctx, "tcp", addr)
}

func (*loopback) cuts() bool                 { return false }
func (*loopback) reach(int, int, bool) error { return nil }
func (*loopback) close() error               { return nil }
