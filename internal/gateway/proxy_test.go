package gateway

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/wire"
)

// proxyHeader is a header of the PROXY protocol, version 2.
func proxyHeader(command byte, source string) []byte {
	from := netip.MustParseAddrPort(source)
	family, addresses := byte(proxyTCP4), append(from.Addr().AsSlice(), 127, 0, 0, 1)
	if from.Addr().Is6() {
		family, addresses = proxyTCP6, append(from.Addr().AsSlice(), make([]byte, 16)...)
	}
	addresses = append(addresses, byte(from.Port()>>8), byte(from.Port()), 1, 2, 0x04, 0, 1, 0) // the last four are a TLV of no meaning
	head := append([]byte(proxySignature), proxyVersion2|command, family, 0, byte(len(addresses)))

	return append(head, addresses...)
}

var loopbackProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestAHeaderOfTheProxyProtocolSaysWhereAClientIs(t *testing.T) {
	server, trusting := testkit.TLS(t)
	for name, row := range map[string]struct {
		header []byte
		addr   string // "": that of the connection
		secure bool
	}{
		"IPv4":             {proxyHeader(proxyProxy, "192.0.2.9:4711"), "192.0.2.9:4711", false},
		"IPv6":             {proxyHeader(proxyProxy, "[2001:db8::9]:4711"), "[2001:db8::9]:4711", false},
		"the proxy itself": {proxyHeader(proxyLocal, "192.0.2.9:4711"), "", false},
		"none":             {nil, "", false},
		"before TLS":       {proxyHeader(proxyProxy, "192.0.2.9:4711"), "192.0.2.9:4711", true},
		"none before TLS":  {nil, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{TrustedProxies: loopbackProxies, AddressOpen: 1}
			if row.secure {
				cfg.TLS = server
			}
			n := start(t, cfg)
			conn, err := net.Dial("tcp", n.tcp)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write(row.header); err != nil {
				t.Fatal(err)
			}
			want := row.addr
			if want == "" {
				want = conn.LocalAddr().String()
			}
			if row.secure {
				trusting := trusting.Clone()
				trusting.ServerName = "example.com"
				conn = tls.Client(conn, trusting)
			}
			c := newClient(t, &tcpBodies{conn})
			c.login("alice")
			c.wantAlive()
			if got := n.user(t, "alice").GetClientAddr(); got != want {
				t.Errorf("the client is at %s, want %s", got, want)
			}
		})
	}
}

func TestABadHeaderOfTheProxyProtocolEndsTheConnection(t *testing.T) {
	good := proxyHeader(proxyProxy, "192.0.2.9:4711")
	change := func(at int, to byte) []byte { b := bytes.Clone(good); b[at] = to; return b }
	for name, header := range map[string][]byte{
		"other signature": change(5, 'x'), "version 1": change(12, 0x11), "command 2": change(12, 0x22),
		"too short for IPv6": change(13, proxyTCP6), "too long": change(14, 0xff),
	} {
		n := start(t, Config{TrustedProxies: loopbackProxies})
		c := n.dialTCP(t)
		if _, err := c.io.(*tcpBodies).conn.Write(header); err != nil {
			t.Fatal(err)
		}
		if body, err := c.io.receive(); err == nil {
			t.Errorf("%s: %q", name, body)
		}
		n.wantDenied(t, DeniedProxy, 1)
	}
	n := start(t, Config{TrustedProxies: loopbackProxies, HelloTimeout: 50 * time.Millisecond})
	c := n.dialTCP(t)
	if _, err := c.io.(*tcpBodies).conn.Write(good[:20]); err != nil {
		t.Fatal(err)
	}
	c.wantEnd()
}

func TestAHeaderOfAnUntrustedAddressIsNoHello(t *testing.T) {
	n := start(t, Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	c := n.dialTCP(t)
	if _, err := c.io.(*tcpBodies).conn.Write(proxyHeader(proxyProxy, "192.0.2.9:4711")); err != nil {
		t.Fatal(err)
	}
	c.wantGoodbye(wire.GoodbyeProtocol)
}

func TestLimitsAreForTheAddressThatAProxyNames(t *testing.T) {
	n := start(t, Config{TrustedProxies: loopbackProxies, AddressPending: 1})
	through := func(client string) *client {
		c := n.dialTCP(t)
		if _, err := c.io.(*tcpBodies).conn.Write(proxyHeader(proxyProxy, client)); err != nil {
			t.Fatal(err)
		}

		return c
	}
	through("192.0.2.1:1") // silent
	testkit.Eventually(t, "the connections without a hello are 1", func() bool { return n.gw.Stats().Pending == 1 })
	through("192.0.2.1:2").wantEnd()
	n.wantDenied(t, DeniedAddressPending, 1)
	through("192.0.2.2:1").login("alice")
}

// dialForwarded opens a WebSocket with this X-Forwarded-For.
func (n *node) dialForwarded(t *testing.T, forwarded ...string) (*client, error) {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), n.ws, &websocket.DialOptions{HTTPHeader: http.Header{"X-Forwarded-For": forwarded}}) //nolint:bodyclose // none
	if err != nil {
		return nil, err
	}

	return newClient(t, &wsBodies{conn}), nil
}

func TestXForwardedForOfATrustedProxySaysWhereAClientIs(t *testing.T) {
	for name, row := range map[string]struct {
		trusted   []netip.Prefix
		forwarded []string
		addr      string // "": that of the connection
	}{
		"one":                      {loopbackProxies, []string{"192.0.2.9"}, "192.0.2.9:0"},
		"with a port":              {loopbackProxies, []string{"192.0.2.9:81"}, "192.0.2.9:81"},
		"IPv6":                     {loopbackProxies, []string{"[2001:db8::1]"}, "[2001:db8::1]:0"},
		"the client forged some":   {loopbackProxies, []string{"198.51.100.1, 192.0.2.9"}, "192.0.2.9:0"},
		"through a second proxy":   {loopbackProxies, []string{"192.0.2.9", "127.0.0.7"}, "192.0.2.9:0"},
		"rubbish before the proxy": {loopbackProxies, []string{"unknown, 127.0.0.7"}, "127.0.0.7:0"},
		"rubbish":                  {loopbackProxies, []string{"unknown"}, ""},
		"no proxy":                 {nil, []string{"192.0.2.9"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, Config{TrustedProxies: row.trusted})
			c, err := n.dialForwarded(t, row.forwarded...)
			if err != nil {
				t.Fatal(err)
			}
			c.login("alice")
			got := n.user(t, "alice").GetClientAddr()
			if row.addr != "" && got != row.addr || row.addr == "" && !strings.HasPrefix(got, "127.0.0.1:") {
				t.Errorf("the client is at %s, want %s", got, row.addr)
			}
		})
	}
	n := start(t, Config{TrustedProxies: loopbackProxies, AddressPending: 1})
	if _, err := n.dialForwarded(t, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.dialForwarded(t, "192.0.2.1"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("the second of one address: %v", err)
	}
	c, err := n.dialForwarded(t, "192.0.2.2")
	if err != nil {
		t.Fatal(err)
	}
	c.login("alice")
}
