package mesh

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"
)

// Options say how a node takes part in a cluster on NATS. The zero value but for Node is a single node: an
// embedded server without any open port.
type Options struct {
	// Node is the node's name; it need not be unique.
	Node string
	// Cluster is the address (host:port) at which the embedded server takes connections of other nodes' servers; port 0 is
	// chosen by the system. Empty: no port is opened, and the node stays alone.
	Cluster string
	// Join are Cluster addresses of some other nodes; those tell of the rest. Needs Cluster.
	Join []string
	// Secret is shared by all nodes of a cluster. Needed with Cluster.
	Secret string
	// URL uses an existing NATS cluster in place of the embedded server: one or more nats:// URLs, with
	// commas between.
	URL string
	// Links is the address (host:port) at which direct links of other nodes come in; LinksOff: no links, everything goes by NATS. A node that
	// listens at all addresses is told to others by the host of Cluster, or by its first address that reaches out. Links need a
	// cluster (Cluster or URL) and a Secret. Default 127.0.0.1:0.
	Links string
	// LinkTLS encrypts the links. All nodes of a cluster should have the same: two that differ have no link.
	LinkTLS bool
	// Flap is for tests: every so often, about, a link is cut. 0: never.
	Flap time.Duration
	// MaxMessage is the length of the longest message that a packet must have room for, up to 8 MiB. Default 65536.
	MaxMessage int
	Timing     Timing
	// Logger gets the mesh's own lines and those of the embedded server that matter. Default: none.
	Logger *slog.Logger
}

const (
	defaultMaxMessage = 65536
	maxMaxMessage     = 8 << 20
	// packetRoom is what a packet may hold beside a message: headers, user IDs.
	packetRoom = 8 << 10
	// minMaxPacket keeps room for what nodes have to say to each other when messages are short.
	minMaxPacket = 128 << 10
)

// SafePacket is a length of packets that every mesh carries.
const SafePacket = 64 << 10

func (o Options) check() (Options, error) {
	switch {
	case o.URL != "" && (o.Cluster != "" || len(o.Join) > 0):
		return o, errors.New("mesh: an existing NATS cluster takes the place of the embedded one: give its URL, or cluster and join addresses, not both")
	case len(o.Join) > 0 && o.Cluster == "":
		return o, errors.New("mesh: a node that joins others needs a cluster address of its own")
	case o.Cluster != "" && o.Secret == "":
		return o, errors.New("mesh: nodes form a cluster only with a secret that all of them share")
	case o.MaxMessage < 0 || o.MaxMessage > maxMaxMessage:
		return o, fmt.Errorf("mesh: messages of %d bytes: at most %d are possible", o.MaxMessage, maxMaxMessage)
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = defaultMaxMessage
	}
	links := o.Links
	if links == LinksOff {
		links = ""
	}
	for _, addr := range append(slices.Clip(o.Join), o.Cluster, links) {
		if addr == "" {
			continue
		}
		if _, port, err := net.SplitHostPort(addr); err != nil || port == "" || strings.ContainsAny(addr, " /@") {
			return o, fmt.Errorf("mesh: %q is no address: it takes host:port, such as 10.0.0.5:7300", addr)
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}

	return o, nil
}

func (o Options) maxPacket() int { return max(o.MaxMessage+packetRoom, minMaxPacket) }

// NATS is a node's place in a cluster whose engine is NATS.
type NATS struct{ *member }

var _ Mesh = (*NATS)(nil)

// NewNATS makes a node; nothing is opened before Start. The error says which option is wrong.
func NewNATS(opts Options) (*NATS, error) {
	opts, err := opts.check()
	if err != nil {
		return nil, err
	}
	m, err := newMember(opts.Node, opts.Timing, opts.Logger)
	if err != nil {
		return nil, err
	}
	m.path = throughEngine{m}
	m.eng = newNATSEngine(opts, m)
	switch {
	case opts.Links == LinksOff || opts.URL == "" && opts.Cluster == "":
	case opts.Secret == "":
		m.log.Info("no links to other nodes: they need a cluster secret; everything goes by NATS")
	default:
		m.links = newLinks(m, opts)
		m.path = m.links
	}

	return &NATS{m}, nil
}

// ClusterAddr is the address at which other nodes can join this one, once it has started; "" if it has none.
func (n *NATS) ClusterAddr() string {
	e := n.eng.(*natsEngine) //nolint:forcetypeassert // a NATS has no other
	if e.server == nil {
		return ""
	}

	return e.server.addr()
}

// LinkAddr is the address at which other nodes' links come in, once it has started; "" if it has none.
func (n *NATS) LinkAddr() string { return n.door().addr }
