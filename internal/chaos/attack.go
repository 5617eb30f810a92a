package chaos

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	randv2 "math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// attackNode makes a fault in which a machine without the secret attacks a node's cluster port
// until it is undone.
func attackNode(how func(ctx context.Context, a *attack)) func(context.Context, *runner, *node) (func() error, error) {
	return repeatedly(func(ctx context.Context, r *runner, n *node, _ int) {
		n.mu.Lock()
		addr := n.cluster
		n.mu.Unlock()
		how(ctx, &attack{runner: r, addr: addr, place: n.place})
		_ = sleep(ctx, 20*time.Millisecond)
	})
}

// attack is one attempt at a node's cluster port.
type attack struct {
	runner *runner
	addr   string // its cluster port
	place  int
}

// sendGarbage sends bytes that no member ever sent: to the port for links and gossip streams, and
// to that for gossip packets, there also under the addresses of members.
func sendGarbage(ctx context.Context, a *attack) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, opening := range openings() {
		all.Go(func() { a.sendStream(ctx, opening) })
	}
	all.Go(func() { a.handshake(ctx) })
	for range 50 {
		b := randomBytes(randv2.IntN(1400))
		if len(b) > 0 && randv2.IntN(2) == 0 {
			b[0] = byte(randv2.IntN(16)) // the types of memberlist's messages
		}
		a.sendPacket(ctx, b)
		a.sendForged(b)
	}
}

// openings are beginnings of streams.
func openings() [][]byte {
	record := func(size uint16, body []byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{tlsFirstByte, 3, 1}, size), body...)
	}
	gossip := randomBytes(2000)
	gossip[0] = byte(randv2.IntN(16))

	return [][]byte{
		randomBytes(1 + randv2.IntN(4000)),
		gossip,
		{}, // and no byte
		record(512, randomBytes(512)),
		record(0xffff, randomBytes(4000)),
		record(200, append([]byte{1, 0, 0, 196, 3, 3}, randomBytes(194)...)), // a ClientHello without sense
		append([]byte{244, 0, 0, 0}, randomBytes(60)...),                     // a label's length, too long
	}
}

// sendStream says something to the node, and listens for a moment.
func (a *attack) sendStream(ctx context.Context, opening []byte) {
	c, err := a.dial(ctx, "tcp")
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	_, _ = c.Write(opening)
	a.readReply(c)
}

// handshake speaks TLS, and has no proof.
func (a *attack) handshake(ctx context.Context) {
	c, err := a.dial(ctx, "tcp")
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	t := tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}) //nolint:gosec // an attacker asks for no certificate
	if t.HandshakeContext(ctx) != nil {
		return
	}
	_, _ = t.Write(randomBytes(randv2.IntN(1000)))
	a.readReply(t)
}

// readReply reads what the node sends to a machine without the secret.
func (a *attack) readReply(c net.Conn) {
	const most = 200 * time.Millisecond
	_ = c.SetReadDeadline(time.Now().Add(most))
	buf := make([]byte, 16<<10)
	n, _ := c.Read(buf)
	a.runner.impostors.search(buf[:n])
}

// sendPacket sends a gossip packet from the attacker's own address.
func (a *attack) sendPacket(ctx context.Context, b []byte) {
	c, err := a.dial(ctx, "udp")
	if err != nil {
		return
	}
	_, _ = c.Write(b)
	_ = c.Close()
}

// sendForged sends a packet under the address of a member, where the network allows it.
func (a *attack) sendForged(b []byte) {
	f := a.runner.cluster.network.packets()
	if f == nil {
		return
	}
	to, err := netip.ParseAddrPort(a.addr)
	if err != nil {
		return
	}
	other := a.runner.cluster.nodes[randv2.IntN(len(a.runner.cluster.nodes))]
	other.mu.Lock()
	from, err := netip.ParseAddrPort(other.cluster)
	other.mu.Unlock()
	if err == nil {
		f.deliver(a.place, udpPacket(from, to, b))
	}
}

// replayRecorded sends what was recorded between nodes: gossip packets as they were, with their
// senders' addresses, and what dialers said when they began links and gossip streams.
func replayRecorded(ctx context.Context, a *attack) {
	packets, heads := a.runner.cluster.network.packets().recorded()
	var all sync.WaitGroup
	defer all.Wait()
	for range min(10, len(heads)) {
		all.Go(func() { a.sendStream(ctx, heads[randv2.IntN(len(heads))].bytes) })
	}
	for range min(50, len(packets)) {
		k := packets[randv2.IntN(len(packets))]
		if k.to == a.place {
			a.runner.cluster.network.packets().deliver(k.to, k.raw)
		}
		if p, ok := parsePacket(k.raw); ok {
			a.sendPacket(ctx, p.payload)
			a.sendForged(p.payload)
		}
	}
}

func (a *attack) dial(ctx context.Context, network string) (net.Conn, error) {
	const most = 500 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()

	return a.runner.cluster.network.dial(ctx, outside, network, a.addr)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)

	return b
}
