package mesh

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// embedded is a NATS server in this process. It opens no port for clients: its only client is this node. It opens one port
// for other servers if the node has a cluster address.
type embedded struct {
	*server.Server

	log *serverLog
}

// noPort is no port: listening at it fails at once, on every system. A server told not to listen for clients
// (DontListen) never gets to its cluster port, because that waits for the client port
// (nats-server issue 5174); one whose client port cannot be had goes on to it.
const noPort = 65536

const (
	clusterName = "parley"
	routeUser   = "parley"

	routePing     = 2 * time.Second
	routePingsOut = 2
	routeRetries  = 120 // times a second apart; routes that were configured are tried for ever
)

func startEmbedded(ctx context.Context, opts Options, inc uint64) (*embedded, error) {
	log := newServerLog(opts.Logger)
	o, err := serverOptions(ctx, opts, inc, log)
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("mesh: embedded NATS server: %w", err)
	}
	s.SetLoggerV2(log, opts.Logger.Enabled(ctx, slog.LevelDebug), false, false)
	s.Start()
	e := &embedded{Server: s, log: log}
	if err := e.awaitCluster(ctx, opts.Cluster); err != nil {
		e.close()

		return nil, err
	}

	return e, nil
}

func serverOptions(ctx context.Context, opts Options, inc uint64, log *serverLog) (*server.Options, error) {
	o := &server.Options{
		ServerName:             "parley-" + strconv.FormatUint(inc, base16),
		DontListen:             true,
		NoSigs:                 true,
		NoSystemAccount:        true,
		NoFastProducerStall:    true, // one slow node must not hold up the others
		MaxPayload:             int32(opts.maxPacket() + maxHeader),
		DisableJetStreamBanner: true,
	}
	if opts.Cluster == "" {
		return o, nil
	}
	host, portText, err := net.SplitHostPort(opts.Cluster)
	if err != nil {
		return nil, fmt.Errorf("mesh: cluster address: %w", err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", portText)
	if err != nil {
		return nil, fmt.Errorf("mesh: cluster address: %w", err)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	if host == "" {
		host = "0.0.0.0"
	}
	password := routePassword(opts.Secret)
	o.DontListen, o.Host, o.Port = false, "127.0.0.1", noPort
	o.CustomRouterAuthentication = &routeAuth{password: password, log: log}
	o.Cluster = server.ClusterOpts{
		Name:           clusterName,
		Host:           host,
		Port:           port,
		Username:       routeUser,
		Password:       password,
		PoolSize:       -1, // one connection between two servers: its order is what the engine promises
		NoAdvertise:    true,
		ConnectRetries: routeRetries,
		PingInterval:   routePing,
		MaxPingsOut:    routePingsOut,
		Compression:    server.CompressionOpts{Mode: server.CompressionOff},
	}
	for _, addr := range opts.Join {
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: addr, User: url.UserPassword(routeUser, password)})
	}

	return o, nil
}

// routePassword is what servers show each other in place of the secret itself.
func routePassword(secret string) string {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "parley cluster route, version 1", sha256.Size)
	if err != nil { // only for keys of an absurd length
		panic(err)
	}

	return hex.EncodeToString(key)
}

// routeAuth decides which other servers may connect, and says so when one may not.
type routeAuth struct {
	password string
	log      *serverLog
}

func (a *routeAuth) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Username == routeUser && subtle.ConstantTimeCompare([]byte(o.Password), []byte(a.password)) == 1 {
		return true
	}
	from := "an unknown address"
	if addr := c.RemoteAddress(); addr != nil {
		from, _, _ = net.SplitHostPort(addr.String())
	}
	a.log.refused(from)

	return false
}

// awaitCluster waits until the cluster port is open, or could not be opened.
func (e *embedded) awaitCluster(ctx context.Context, addr string) error {
	if addr == "" {
		return nil
	}
	const look = time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for e.ClusterAddr() == nil {
		select {
		case text := <-e.log.fatal:
			return fmt.Errorf("mesh: cluster address %s: %s", addr, text)
		case <-ctx.Done():
			return fmt.Errorf("mesh: cluster address %s: %w", addr, context.Cause(ctx))
		case <-ticker.C:
		}
	}

	return nil
}

func (e *embedded) addr() string {
	if a := e.ClusterAddr(); a != nil {
		return a.String()
	}

	return ""
}

func (e *embedded) close() {
	e.Shutdown()
	e.WaitForShutdown()
}
