package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// tunnels is a network whose every packet goes through a fabric: each place is a namespace with a
// TUN device. The machine's own network is not touched, and nothing is left when the run is killed.
//
//	n1 10.99.0.1 ─ tun ─┐
//	n2 10.99.0.2 ─ tun ─┼─ fabric
//	clients .254 ─ tun ─┘
type tunnels struct {
	fabric  *fabric
	nodes   int
	dns     string // "" if an own /etc/hosts is not to be had
	places  map[int]*namespace
	tuns    map[int]*os.File
	reading sync.WaitGroup

	mu   sync.Mutex
	used map[int]int // guarded by mu: how often addresses of a place were asked for
}

// clusterName is the DNS name of the first places.
const clusterName = "cluster.chaos.test"

// Ports of the first process of a place.
const (
	tcpPort     = 7200
	webPort     = 7000
	clusterPort = 7300
)

func newTunnels(nodes int, dir string, seed uint64, needles ...string) (network, error) {
	t := &tunnels{
		fabric: newFabric(seed, needles...), nodes: nodes, dns: clusterName,
		places: map[int]*namespace{}, tuns: map[int]*os.File{}, used: map[int]int{},
	}
	t.fabric.deliver = func(place int, raw []byte) { _, _ = t.tuns[place].Write(raw) }
	t.fabric.node = func(place int) bool { return place >= 0 }
	if err := t.build(dir); err != nil {
		return nil, errors.Join(err, t.close())
	}
	for place, tun := range t.tuns {
		t.reading.Go(func() { t.read(place, tun) })
	}

	return t, nil
}

func (t *tunnels) build(dir string) error {
	hosts := strings.Builder{}
	hosts.WriteString("127.0.0.1 localhost\n")
	for i := range t.nodes {
		fmt.Fprintf(&hosts, "%v %s\n", address(i), clusterName)
	}
	file := filepath.Join(dir, "hosts")
	if err := os.WriteFile(file, []byte(hosts.String()), 0o644); err != nil { //nolint:gosec // as /etc/hosts is
		return err
	}
	for place := outside; place < t.nodes; place++ {
		s, hostsErr, err := newNamespace(file)
		if err != nil {
			return fmt.Errorf("an own network: %w", err)
		}
		if hostsErr != nil {
			t.dns = ""
		}
		t.places[place] = s
		err = s.run(func() (err error) {
			t.tuns[place], err = openTun(address(place))

			return err
		})
		if err != nil {
			delete(t.tuns, place)

			return err
		}
		t.fabric.places[address(place)] = place
	}

	return nil
}

// address is the IP address of a place.
func address(place int) netip.Addr {
	last := place + 1
	if place < 0 {
		last = 255 + place
	}

	return netip.AddrFrom4([4]byte{10, 99, 0, byte(last)})
}

func (t *tunnels) read(place int, tun *os.File) {
	buf := make([]byte, 64<<10)
	for {
		n, err := tun.Read(buf)
		if err != nil {
			return
		}
		t.fabric.forward(place, buf[:n])
	}
}

func (t *tunnels) start(place int, cmd *exec.Cmd) error { return t.places[place].run(cmd.Start) }

func (t *tunnels) addrs(place int) (tcp, web, cluster string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	again := t.used[place]
	t.used[place]++
	at := func(port int) string { return netip.AddrPortFrom(address(place), uint16(port+again)).String() }

	return at(tcpPort), at(webPort), at(clusterPort), nil
}

func (t *tunnels) dnsName() string { return t.dns }

func (t *tunnels) dial(ctx context.Context, from int, network, addr string) (c net.Conn, err error) {
	var d net.Dialer
	if e := t.places[from].visit(func() { c, err = d.DialContext(ctx, network, addr) }); e != nil { // the socket is made on this thread
		return nil, e
	}

	return c, err
}

func (t *tunnels) listen(place int) (l net.Listener, err error) {
	var config net.ListenConfig
	at := netip.AddrPortFrom(address(place), 0).String()
	if e := t.places[place].visit(func() { l, err = config.Listen(context.Background(), "tcp", at) }); e != nil {
		return nil, e
	}

	return l, err
}

func (t *tunnels) listenPacket(place int) (c net.PacketConn, err error) {
	var config net.ListenConfig
	at := netip.AddrPortFrom(address(place), 0).String()
	if e := t.places[place].visit(func() { c, err = config.ListenPacket(context.Background(), "udp", at) }); e != nil {
		return nil, e
	}

	return c, err
}

func (t *tunnels) packets() *fabric { return t.fabric }

func (t *tunnels) close() error {
	var errs []error
	for _, tun := range t.tuns {
		errs = append(errs, tun.Close())
	}
	t.reading.Wait()
	for _, s := range t.places {
		s.close()
	}

	return errors.Join(errs...)
}
