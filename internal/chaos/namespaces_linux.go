package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespaces is a network of its own: each node in a network namespace, and a bridge between them in one more, where the clients'
// connections begin. The machine's own network is not touched.
//
//	hub: clients ─ br0 10.99.0.254
//	                │
//	    ┌───────────┼───────────┐
//	  n0 .1       n1 .2       n2 .3
//
// Who is where on the bridge stands in fixed entries of the neighbour tables. To cut a way is to put an address there that nobody has:
// packets go out and are lost, without a word to anybody, and for each direction alone. It needs no more than `ip`.
type namespaces struct {
	prefix string
	nodes  int      // and the place of the NATS server
	hub    *os.File // the namespace that clients dial in
}

const (
	marker  = "parley-chaos-"
	nowhere = "02:00:00:ff:ff:ff"
	hubName = "hub"
)

func newNamespaces(nodes int) (network, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return nil, errors.New("network namespaces need the command ip")
	}
	sweep()
	n := &namespaces{prefix: fmt.Sprintf("%s%d-", marker, os.Getpid()), nodes: nodes}
	if err := n.build(); err != nil {
		return nil, errors.Join(err, n.close())
	}

	return n, nil
}

// sweep removes what runs have left that were killed.
func sweep() {
	left, _ := filepath.Glob("/run/netns/" + marker + "*")
	for _, path := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), marker), "-")
		if n, err := strconv.Atoi(pid); err == nil && syscall.Kill(n, 0) != nil {
			_ = ip("netns", "del", filepath.Base(path))
		}
	}
}

func (n *namespaces) name(place int) string {
	if place == clients {
		return n.prefix + hubName
	}

	return n.prefix + strconv.Itoa(place)
}

func (n *namespaces) places() []int {
	all := []int{clients}
	for i := range n.nodes {
		all = append(all, i)
	}

	return all
}

func (n *namespaces) host(place int) string {
	if place == clients {
		return "10.99.0.254"
	}

	return "10.99.0." + strconv.Itoa(place+1)
}

func mac(place int) string {
	if place == clients {
		return "02:00:00:00:00:fe"
	}

	return fmt.Sprintf("02:00:00:00:00:%02x", place+1)
}

func device(place int) string {
	if place == clients {
		return "br0"
	}

	return "eth0"
}

func (n *namespaces) build() error {
	hub := n.name(clients)
	steps := [][]string{
		{"netns", "add", hub},
		{"-n", hub, "link", "add", "br0", "address", mac(clients), "type", "bridge"},
		{"-n", hub, "addr", "add", n.host(clients) + "/24", "dev", "br0"},
		{"-n", hub, "link", "set", "lo", "up"},
		{"-n", hub, "link", "set", "br0", "up"},
	}
	for i := range n.nodes {
		name, port := n.name(i), "p"+strconv.Itoa(i)
		steps = append(steps, [][]string{
			{"netns", "add", name},
			{"-n", hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "address", mac(i), "netns", name},
			{"-n", hub, "link", "set", port, "master", "br0", "up"},
			{"-n", name, "addr", "add", n.host(i) + "/24", "dev", "eth0"},
			{"-n", name, "link", "set", "lo", "up"},
			{"-n", name, "link", "set", "eth0", "up"},
		}...)
	}
	for _, step := range steps {
		if err := ip(step...); err != nil {
			return err
		}
	}
	for _, from := range n.places() {
		for _, to := range n.places() {
			if from != to {
				if err := n.reach(from, to, true); err != nil {
					return err
				}
			}
		}
	}
	f, err := os.Open("/run/netns/" + hub)
	n.hub = f
	if err != nil {
		return err
	}

	return ip("netns", "exec", hub, "ip", "link", "show", "br0") // not everybody who may make one may enter it
}

func (n *namespaces) reach(from, to int, ok bool) error {
	there := nowhere
	if ok {
		there = mac(to)
	}

	return ip("-n", n.name(from), "neigh", "replace", n.host(to), "lladdr", there, "nud", "permanent", "dev", device(from))
}

func (*namespaces) cuts() bool { return true }

func (n *namespaces) command(node int, binary string, args ...string) *exec.Cmd {
	// ip does not stay: it becomes the binary.
	return exec.Command("ip", append([]string{"netns", "exec", n.name(node), binary}, args...)...) //nolint:gosec,noctx // as in loopback
}

// dial connects from the hub: a socket belongs to the namespace that its thread was in when it was made.
func (n *namespaces) dial(ctx context.Context, addr string) (net.Conn, error) {
	runtime.LockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()

		return nil, err
	}
	defer func() { _ = own.Close() }()
	if err := unix.Setns(int(n.hub.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()

		return nil, err
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr) // one address, no name: the socket is made on this thread
	if unix.Setns(int(own.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread() // otherwise the thread ends with its goroutine
	}

	return c, err
}

func (n *namespaces) close() error {
	var errs []error
	if n.hub != nil {
		errs = append(errs, n.hub.Close())
	}
	for _, place := range n.places() {
		if _, err := os.Stat("/run/netns/" + n.name(place)); err == nil {
			errs = append(errs, ip("netns", "del", n.name(place)))
		}
	}

	return errors.Join(errs...)
}

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput() //nolint:gosec,noctx // our own words; takes a moment
	if err != nil {
		return fmt.Errorf("ip %s: %s", strings.Join(args, " "), strings.TrimSpace(string(out)))
	}

	return nil
}
