package natsnode

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/parley-dm/parley/internal/testkit"
)

const patience = 10 * time.Second

// tcpPair is a connection's two ends, which give up after a while.
func tcpPair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if b, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if a, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(patience))
	}

	return a, b
}

// handshake lets two sides with secrets talk, and returns what each says of it.
func handshake(t *testing.T, server, client string) (serverErr, clientErr error) {
	t.Helper()
	s, err := credentials(server)
	if err != nil {
		t.Fatal(err)
	}
	c, err := credentials(client)
	if err != nil {
		t.Fatal(err)
	}
	a, b := tcpPair(t)
	done := make(chan error, 1)
	go func() {
		conn := tls.Server(a, s)
		err := conn.Handshake()
		if err == nil {
			_, err = conn.Write([]byte{1})
		}
		a.Close()
		done <- err
	}()
	conn := tls.Client(b, c)
	if clientErr = conn.Handshake(); clientErr == nil {
		_, clientErr = conn.Read(make([]byte, 1))
	}
	b.Close()

	return <-done, clientErr
}

func TestBothSidesProveTheSecret(t *testing.T) {
	if s, c := handshake(t, "the same secret", "the same secret"); s != nil || c != nil {
		t.Errorf("the same secret: %v, %v", s, c)
	}
	if s, c := handshake(t, "a secret", "another secret"); s == nil || !errors.Is(c, errStranger) {
		t.Errorf("two secrets: %v, %v", s, c)
	}
	s, err := credentials("a secret")
	if err != nil {
		t.Fatal(err)
	}
	a, b := tcpPair(t)
	go func() {
		_ = tls.Client(b, &tls.Config{InsecureSkipVerify: true}).Handshake()
		b.Close()
	}()
	if err := tls.Server(a, s).Handshake(); err == nil {
		t.Error("a client without a certificate is let in")
	}
}

func TestACoreNodeTakesOnlyNodesWithTheSecret(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	core := testkit.CorePort(t)
	open := func(cfg Config) *Node {
		t.Helper()
		cfg.Clustered, cfg.CoreNodes = true, []string{core}
		n, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(n.Close)

		return n
	}
	open(Config{Node: "n1", Core: core, Secret: "a cluster secret"})
	friend := open(Config{Node: "n2", Secret: "a cluster secret"})
	testkit.Eventually(t, "a node with the secret is let in", friend.Conn().IsConnected)
	for name, option := range map[string]nats.Option{
		"no TLS":         nats.Name("plain"),
		"no certificate": nats.Secure(&tls.Config{InsecureSkipVerify: true}),
	} {
		if conn, err := nats.Connect("nats://"+core, option, nats.Timeout(2*time.Second)); err == nil {
			conn.Close()
			t.Errorf("%s: a stranger is let in", name)
		}
	}
	stranger := open(Config{Node: "n3", Secret: "another secret"})
	if stranger.Conn().IsConnected() {
		t.Error("a node with another secret is let in")
	}
}

func TestACoreAddressThatIsTakenIsNamed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	core := testkit.CorePort(t)
	host, port, err := split(core)
	if err != nil {
		t.Fatal(err)
	}
	routes, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port+RoutesAfter)))
	if err != nil {
		t.Fatal(err)
	}
	defer routes.Close()
	_, err = Open(Config{Node: "n1", Core: core, CoreNodes: []string{core}, Secret: "a cluster secret"})
	if want := fmt.Sprintf("core address %s: port %d is needed too: ", core, port+RoutesAfter); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestNothingIsLeftInTheDirectoryForTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	core := testkit.CorePort(t)
	killed := filepath.Join(dir, "parley-storages-"+strings.ReplaceAll(core, ":", "-"))
	if err := os.MkdirAll(filepath.Join(killed, "jetstream"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, cfg := range []Config{{Node: "n1"}, {Node: "n1", Core: core, CoreNodes: []string{core}, Secret: "a cluster secret"}} {
		n, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		n.Close()
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
