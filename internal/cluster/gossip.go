package cluster

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/parley-dm/parley/internal/node"
)

// Introduction is what gossip tells of a node: its ID, and where its links come in.
type Introduction struct {
	ID   node.ID
	Addr string
}

// Discovery introduces nodes to each other. Nothing about users goes through it, and what it says
// of a node's death is not believed: links tell. Methods are safe for use by several goroutines.
type Discovery interface {
	// Start makes self known to the nodes that are joined. Found and lost are called for other
	// nodes, in any order, on any goroutine; they must not block. Left: the node said that it
	// leaves.
	Start(self Introduction, found func(Introduction), lost func(id node.ID, left bool)) error
	// Join exchanges introductions with the node at an address, an IP address with a port.
	Join(ctx context.Context, addr string) error
	// Stop says that this node leaves, and ends.
	Stop(ctx context.Context)
}

const (
	gossipLabel   = "parley/1"
	gossipKeyInfo = "parley gossip, version 1"
	metaVersion   = 1
	// leaveTime bounds the spreading of the word that this node leaves.
	leaveTime = 100 * time.Millisecond
)

// gossip is the Discovery of real nodes: hashicorp/memberlist, encrypted with a key derived from
// the cluster secret, on the address of the links.
type gossip struct {
	transport *transport
	key       []byte
	log       *slog.Logger
	list      *memberlist.Memberlist // set by Start
}

func newGossip(secret string, t *transport, log *slog.Logger) *gossip {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, gossipKeyInfo, sha256.Size)
	if err != nil { // only for keys of an absurd length
		panic(err)
	}

	return &gossip{transport: t, key: key, log: log}
}

// Start implements Discovery.
func (g *gossip) Start(self Introduction, found func(Introduction), lost func(node.ID, bool)) error {
	meta := appendMeta(nil, self)
	if len(meta) > memberlist.MetaMaxSize {
		return fmt.Errorf("the node name and the address %s are too long to be announced", self.Addr)
	}
	ip, port, err := advertisedIP(self.Addr)
	if err != nil {
		return err
	}
	cfg := memberlist.DefaultLANConfig()
	cfg.Name = self.ID.String() // with the incarnation: a restarted node is another one
	cfg.Transport, cfg.Label, cfg.SecretKey = g.transport, gossipLabel, g.key
	cfg.AdvertiseAddr, cfg.AdvertisePort = ip.String(), port
	cfg.Delegate = metadata(meta)
	cfg.Events = events{self: self.ID, found: found, lost: lost}
	cfg.Logger = slog.NewLogLogger(g.log.Handler(), slog.LevelDebug)
	cfg.TCPTimeout = streamTimeout
	// Links notice a death at once; gossip only has to forget the dead and to spread introductions.
	cfg.ProbeInterval, cfg.ProbeTimeout = 2*time.Second, time.Second
	cfg.GossipInterval = 500 * time.Millisecond
	list, err := memberlist.Create(cfg)
	if err != nil {
		return fmt.Errorf("gossip: %w", err)
	}
	g.list = list

	return nil
}

// Join implements Discovery.
func (g *gossip) Join(_ context.Context, addr string) error {
	_, err := g.list.Join([]string{addr})

	return err
}

// Stop implements Discovery.
func (g *gossip) Stop(ctx context.Context) {
	if g.list == nil {
		_ = g.transport.Shutdown()

		return
	}
	wait := leaveTime
	if until, ok := ctx.Deadline(); ok {
		wait = max(min(wait, time.Until(until)), time.Millisecond)
	}
	_ = g.list.Leave(wait) // the links' goodbyes have been heard already: this only spares others some calls
	_ = g.list.Shutdown()
}

// advertisedIP resolves the address that other nodes are told: memberlist wants an IP address.
func advertisedIP(addr string) (net.IP, int, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, 0, fmt.Errorf("the advertised address %s: %w", addr, err)
	}
	if tcp.IP == nil || tcp.IP.IsUnspecified() || tcp.Port == 0 {
		return nil, 0, fmt.Errorf("the advertised address %s: it needs a host and a port that other nodes can reach", addr)
	}

	return tcp.IP, tcp.Port, nil
}

// metadata are a node's own, as memberlist asks for them. Nothing else goes by gossip.
type metadata []byte

func (m metadata) NodeMeta(int) []byte           { return m }
func (metadata) NotifyMsg([]byte)                {}
func (metadata) GetBroadcasts(_, _ int) [][]byte { return nil }
func (metadata) LocalState(bool) []byte          { return nil }
func (metadata) MergeRemoteState([]byte, bool)   {}

// Metadata: version u8 | incarnation u64 | n u8 | n bytes of name | link address.
func appendMeta(b []byte, i Introduction) []byte {
	b = append(b, metaVersion)
	b = binary.BigEndian.AppendUint64(b, i.ID.Incarnation)
	b = append(b, byte(len(i.ID.Name)))
	b = append(b, i.ID.Name...)

	return append(b, i.Addr...)
}

var errMeta = errors.New("metadata that cannot be read")

func parseMeta(b []byte) (i Introduction, err error) {
	const head = 1 + 8 + 1
	if len(b) < head || b[0] != metaVersion {
		return i, errMeta
	}
	n := int(b[head-1])
	i.ID.Incarnation = binary.BigEndian.Uint64(b[1:])
	if b = b[head:]; n == 0 || n > maxName || n >= len(b) || i.ID.IsZero() {
		return Introduction{}, errMeta
	}
	i.ID.Name, i.Addr = string(b[:n]), string(b[n:])
	if _, port, err := net.SplitHostPort(i.Addr); err != nil || !validPort(port) {
		return Introduction{}, errMeta
	}

	return i, nil
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)

	return err == nil && n > 0
}

// events are what memberlist tells.
type events struct {
	self  node.ID
	found func(Introduction)
	lost  func(node.ID, bool)
}

// NotifyJoin implements memberlist.EventDelegate.
func (e events) NotifyJoin(n *memberlist.Node) {
	if i, err := parseMeta(n.Meta); err == nil && i.ID != e.self {
		e.found(i)
	}
}

// NotifyUpdate implements memberlist.EventDelegate.
func (e events) NotifyUpdate(n *memberlist.Node) { e.NotifyJoin(n) }

// NotifyLeave implements memberlist.EventDelegate.
func (e events) NotifyLeave(n *memberlist.Node) {
	if i, err := parseMeta(n.Meta); err == nil && i.ID != e.self {
		e.lost(i.ID, n.State == memberlist.StateLeft)
	}
}
