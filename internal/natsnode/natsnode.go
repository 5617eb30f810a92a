package natsnode

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Config says where JetStream is.
type Config struct {
	Node      string       // name of this node
	Clustered bool         // the node is one of several
	URL       string       // of an existing NATS cluster, several with commas; empty: none
	Core      string       // address (host:port) of this core node; empty: it is none
	CoreNodes []string     // core addresses of all core nodes, the same at all nodes; empty: a single node
	Secret    string       // of the cluster; of no meaning without CoreNodes
	Log       *slog.Logger // nil: nothing is logged
}

const (
	startTime     = 5 * time.Second
	reconnectWait = 100 * time.Millisecond
	pingInterval  = 2 * time.Second
	dialTime      = time.Second
	clusterName   = "parley"
	maxMemory     = 1 << 40 // each storage has a bound of its own
)

// Node is a connection to JetStream, and the server behind it if that runs in this process.
type Node struct {
	conn    *nats.Conn
	server  *server.Server
	dir     string
	directs directs
}

// Open starts what this node runs of NATS, and connects. Where JetStream is on other nodes it does
// not wait for them.
func Open(cfg Config) (*Node, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	n := &Node{}
	options := []nats.Option{
		nats.Name("parley " + cfg.Node),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectWait, reconnectWait),
		nats.ReconnectBufSize(-1), // a request without a connection fails at once, and is tried again
		nats.RetryOnFailedConnect(true),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(2),
		nats.Timeout(dialTime),
		nats.IgnoreAuthErrorAbort(),
		nats.IgnoreDiscoveredServers(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { cfg.Log.Debug("storages", "error", err) }),
	}
	urls := cfg.URL
	var secure *tls.Config
	if cfg.URL == "" && len(cfg.CoreNodes) > 0 {
		var err error
		if secure, err = credentials(cfg.Secret); err != nil {
			return nil, err
		}
	}
	switch {
	case cfg.URL != "":
	case cfg.Core != "" || len(cfg.CoreNodes) == 0:
		if err := n.serve(cfg, secure); err != nil {
			n.Close()

			return nil, err
		}
		options = append(options, nats.InProcessServer(n.server))
	default:
		urls = "tls://" + strings.Join(cfg.CoreNodes, ",tls://")
		options = append(options, nats.Secure(secure))
		n.directs.addrs = cfg.CoreNodes
		n.directs.options = append(slices.Clone(options), nats.NoReconnect(), nats.RetryOnFailedConnect(false))
	}
	conn, err := nats.Connect(urls, options...)
	if err != nil {
		n.Close()

		return nil, fmt.Errorf("connection to NATS: %w", err)
	}
	n.conn = conn

	return n, nil
}

// Conn is the connection.
func (n *Node) Conn() *nats.Conn { return n.conn }

// Close ends the connection and the server, and waits for them.
func (n *Node) Close() {
	n.directs.close()
	if n.conn != nil {
		closeConn(n.conn)
	}
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	}
	if n.dir != "" {
		_ = os.RemoveAll(n.dir) // what stays are temporary files
	}
}

func (n *Node) serve(cfg Config, secure *tls.Config) (err error) {
	o := &server.Options{
		ServerName:         cfg.Node,
		DontListen:         true,
		NoSigs:             true,
		NoSystemAccount:    false,
		JetStream:          true,
		JetStreamMaxMemory: maxMemory,
	}
	if cfg.Core != "" {
		if err := clustered(o, cfg, secure); err != nil {
			return err
		}
	}
	if n.dir, err = directory(cfg.Core); err != nil {
		return fmt.Errorf("directory for the storages: %w", err)
	}
	o.StoreDir = n.dir
	if n.server, err = server.NewServer(o); err != nil {
		return fmt.Errorf("server of the storages: %w", err)
	}
	log := &serverLog{log: cfg.Log}
	n.server.SetLoggerV2(log, false, false, false)
	n.server.Start()
	if !n.server.ReadyForConnections(startTime) {
		return log.startError()
	}

	return nil
}

// directory makes an empty directory. A core node's is named for its address, which no other
// process has: so what a killed one has left is cleared away.
func directory(core string) (string, error) {
	const prefix = "parley-storages-"
	if core != "" {
		path := filepath.Join(os.TempDir(), prefix+strings.NewReplacer(":", "-", "[", "", "]", "").Replace(core))
		if os.RemoveAll(path) == nil && os.Mkdir(path, 0o700) == nil {
			return path, nil
		}
	}

	return os.MkdirTemp("", prefix)
}

// clustered adds the listeners of a core node.
func clustered(o *server.Options, cfg Config, secure *tls.Config) error {
	host, port, err := split(cfg.Core)
	if err != nil {
		return err
	}
	for _, p := range []int{port, port + RoutesAfter} { // the server itself would only log it
		ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(p)))
		if err != nil {
			return fmt.Errorf("core address %s: port %d is needed too: %w", cfg.Core, p, errors.Unwrap(err))
		}
		_ = ln.Close()
	}
	o.DontListen = false
	o.Host, o.Port = host, port
	o.TLSConfig, o.TLSTimeout = secure.Clone(), 2
	if len(cfg.CoreNodes) == 1 {
		return nil // nothing to be routed: JetStream stands alone
	}
	o.Cluster = server.ClusterOpts{
		Name: clusterName, Host: host, Port: port + RoutesAfter, TLSConfig: secure.Clone(), TLSTimeout: 2, NoAdvertise: true, PoolSize: -1,
	}
	for _, a := range cfg.CoreNodes { // this node's own among them: their number is the cluster's size
		h, p, err := split(a)
		if err != nil {
			return err
		}
		o.Routes = append(o.Routes, route(h, p+RoutesAfter))
	}

	return nil
}
