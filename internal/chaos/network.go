package chaos

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strconv"
	"sync"
)

// network is where nodes listen and how clients reach them.
type network interface {
	// start starts a process at a place.
	start(place int, cmd *exec.Cmd) error
	// addrs are addresses for a node's process: clients, web, cluster. Each call makes new ones.
	addrs(place int) (tcp, web, cluster string, err error)
	// dnsName is a DNS name with the addresses of the first places, for cluster ports; "" if there
	// is none.
	dnsName() string
	// dial connects from a place, by tcp or udp.
	dial(ctx context.Context, from int, network, addr string) (net.Conn, error)
	// listen listens at a place, by TCP.
	listen(place int) (net.Listener, error)
	// listenPacket listens at a place, by UDP.
	listenPacket(place int) (net.PacketConn, error)
	// packets is where packets can be touched; nil: nowhere.
	packets() *fabric
	close() error
}

// A place in the network is the index of a node, or one of these.
const (
	clients = -1 // where all clients are
	outside = -2 // a machine that does not know the cluster's secret
)

// direction is a direction between two places.
type direction struct{ from, to int }

// loopback is the network of a machine that offers nothing better: packets cannot be touched.
type loopback struct {
	dialer net.Dialer

	mu   sync.Mutex
	last int // guarded by mu: port
}

// firstPort begins a range that systems give to no connection of their own accord.
const (
	firstPort = 20_000
	portRange = 10_000
)

func (*loopback) start(_ int, cmd *exec.Cmd) error { return cmd.Start() }

// addrs finds ports that are free for TCP and UDP.
func (l *loopback) addrs(int) (tcp, web, cluster string, err error) {
	var found [3]string
	for i := range found {
		if found[i], err = l.freeAddr(); err != nil {
			return "", "", "", err
		}
	}

	return found[0], found[1], found[2], nil
}

func (l *loopback) freeAddr() (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var config net.ListenConfig
	for range portRange {
		l.last++
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+l.last%portRange))
		tcp, err := config.Listen(context.Background(), "tcp", addr)
		if err != nil {
			continue
		}
		udp, err := config.ListenPacket(context.Background(), "udp", addr)
		_ = tcp.Close()
		if err == nil {
			return addr, udp.Close()
		}
	}

	return "", errors.New("chaos: no port is free")
}

func (*loopback) dnsName() string { return "" }

func (l *loopback) dial(ctx context.Context, _ int, network, addr string) (net.Conn, error) {
	return l.dialer.DialContext(ctx, network, addr)
}

func (*loopback) listen(int) (net.Listener, error) {
	var config net.ListenConfig

	return config.Listen(context.Background(), "tcp", "127.0.0.1:0")
}

func (*loopback) listenPacket(int) (net.PacketConn, error) {
	var config net.ListenConfig

	return config.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
}

func (*loopback) packets() *fabric { return nil }
func (*loopback) close() error     { return nil }
