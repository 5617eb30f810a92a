package parley

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/config"
)

// Off is the address of a listener that is to stay closed.
const Off = config.Off

// Config holds the settings of a node. They are those of "parley serve", whose flags have the same
// names. The zero value is a complete single node for development.
//
// Addresses are host:port; port 0 lets the system choose. [New] checks all values, alone and
// together, and says in one line what is wrong.
type Config struct {
	// Node is the name of this node: 1 to 64 letters, digits, dots, dashes and underscores, unique
	// in the cluster. Default: the host's name.
	Node string

	// TCP is the listener of TCP clients, or Off. Default: 127.0.0.1:7200.
	TCP string
	// HTTP is the listener of WebSocket clients and HTTP requests, or Off. Default: 127.0.0.1:7000.
	HTTP string

	// Cluster is the listener of other nodes: links (TCP) and gossip (TCP and UDP). Default: none,
	// which is a cluster of one.
	Cluster string
	// Advertise is where other nodes reach Cluster, if not at the listener's own address.
	Advertise string
	// Join lists cluster addresses, by IP or DNS name, of some or all nodes. This one may be among
	// them.
	Join []string
	// MinMembers keeps the node from being ready while fewer members are in view, this one
	// included. From 1 to 1000. Default: 1.
	MinMembers int
	// ClusterSecret is shared by all nodes of a cluster: at least 16 bytes, or file:PATH of a file
	// with such a secret. Required with Cluster.
	ClusterSecret string

	// NATS holds the URLs, separated by commas, of a NATS cluster whose JetStream the storages use.
	NATS string
	// Core makes this a core node, which keeps the cluster's storages: where other nodes' storage
	// connections come in. The next port is for routes of other core nodes. Default: it is none.
	Core string
	// CoreNodes lists the core addresses of all core nodes, an odd number, the same at all nodes.
	// Required for storages in a cluster, unless NATS is given.
	CoreNodes []string

	// AuthKey checks the tokens of clients: a secret of at least 32 bytes (HS256), file:PATH of a
	// file with such a secret or with a PEM public key (EdDSA, RS256), jwks:PATH of a JWKS file, or
	// the https URL of a JWKS. Files are read again every 10 s, URLs every 5 m, and both by
	// [Server.Reload]. Default: a development key of the operating system's user, which "parley
	// token" signs with.
	AuthKey string
	// AuthKeys are further keys whose tokens are accepted, in the same forms: for rotation.
	AuthKeys []string
	// AuthLeeway is how far ahead of this node's clock nbf of a token may lie. Default: 30 s;
	// negative: none. At most 10 m.
	AuthLeeway time.Duration
	// AuthIssuer is what iss of a token must be. Default: anything.
	AuthIssuer string
	// AuthAudience lists values of which aud of a token must have one. Default: anything.
	AuthAudience []string
	// TokenGrace is how long a session goes on after its token has expired, unless the client sends
	// a fresh one. Default: 30 s; negative: not at all. At most 24 h.
	TokenGrace time.Duration
	// Authenticate takes the place of AuthKey and AuthKeys, for programs without JWTs. It gets the
	// token of a client's hello as the client sent it, and the client's address; it returns the
	// user ID and when the session ends (zero: never). The context ends with the time for a login,
	// 10 s, and when the node stops; Authenticate must return then. It is called from several
	// goroutines at once, and may block.
	//
	// An error sends the client away for good (goodbye 2001, "token refused": the error's own text
	// stays on this node, in the log at level debug). An error that wraps [ErrTryAgain], or that of
	// a context, lets the client come back.
	Authenticate func(ctx context.Context, token string, remote net.Addr) (userID string, expiresAt time.Time, err error)

	// Origins lists origins of pages that may open WebSockets, such as https://app.example; "*" is
	// all. Default: the host of the request. Programs that are no browsers send no origin.
	Origins []string
	// TrustedProxies lists IP addresses and networks of proxies before the node. The PROXY protocol
	// v2 (at the beginning of a connection) and X-Forwarded-For of these say where a client is.
	TrustedProxies []string

	// MaxPending bounds the connections that have not logged in, AddressPending those of one
	// address, AddressOpen the sessions of one address (of IPv6, a network of 64 bits). Further
	// connections are closed at once. Defaults: 8192, 100, 1000; negative: no limit.
	MaxPending     int
	AddressPending int
	AddressOpen    int
	// AddressLogins bounds the logins a second of one address, beyond a burst of ten seconds'
	// worth. Further ones wait. Default: 100; negative: no limit.
	AddressLogins int
	// UserLogins is how many logins of one user in a row are not delayed; each further one is, from
	// 100 ms to 5 s, until the user has not logged in for 10 s. Default: 5; negative: none is.
	UserLogins int

	// RateMessages and RateBytes are what a session may send in a second, with a burst of four
	// seconds' worth; a client that sends faster is read more slowly, and loses nothing. The claims
	// parley_rate_messages and parley_rate_bytes of a token take their place for its session.
	// Defaults: 500 and 1048576; negative: no limit.
	RateMessages int
	RateBytes    int
	// QueueMemory is what the queues of all clients may hold together, in MiB. As it gets scarce,
	// the clients with the longest queues are refused first. Default: a quarter of GOMEMLIMIT or of
	// the machine's memory; negative: no limit.
	QueueMemory int

	// TLSCert and TLSKey are PEM files for the client listeners. Both or neither. Default: no TLS.
	TLSCert string
	TLSKey  string
	// Insecure allows listeners that other machines reach to have the development key or no TLS.
	Insecure bool

	// Dev shows the demo page at / of HTTP, which must be on a loopback address: any user of the
	// page logs in under any user ID, and sees every message's way. It needs the development key.
	// Decline and rewrite on the page work by callbacks that run before the program's own. With a
	// TracerProvider the page does not show messages.
	Dev bool

	// Pprof is a listener of its own for profiles of the process. They show what is in memory.
	// Default: none.
	Pprof string

	// Heartbeat is the longest silence of a healthy connection: a session ends after two without a
	// byte. A shorter one finds dead clients sooner and costs each idle client a ping per
	// heartbeat. From 100 ms to 10 m. Default: 15 s.
	Heartbeat time.Duration

	// LogLevel is debug, info, warn or error. Default: info.
	LogLevel string
	// LogFormat is text or json. Default: text.
	LogFormat string

	// Admin is a listener of its own for the server-to-server API, /metrics and, if Pprof is the
	// same address, profiles; without it they are on HTTP. It speaks TLS if TLSCert is set.
	// Default: none.
	Admin string
	// AdminKey is the bearer key of the server-to-server API: at least 16 bytes, or file:PATH of a
	// file with such a key. Default: there is no such API.
	AdminKey string
	// AdminHosts lists the names by which requests may call Admin, beside IP addresses and
	// localhost.
	AdminHosts []string
	// HookURL is a server that is asked before a message is accepted, and told of users who come
	// and go. HookSecret signs the requests: at least 16 bytes, or file:PATH; HookURL requires it.
	// HookTimeout bounds a question, from 10 ms to 30 s; default: 1 s. HookFailure is what becomes
	// of a message about which there is no answer, "decline" or "allow"; default: decline.
	HookURL     string
	HookSecret  string
	HookTimeout time.Duration
	HookFailure string

	// OTLP is the base URL of an OpenTelemetry receiver, to which traces of messages go; the
	// program must import package otlp, for its effect. TracerProvider takes its place: the spans
	// are made by the program's own OpenTelemetry. Default: none, unless the program imports
	// package otlp and OTEL_EXPORTER_OTLP_ENDPOINT is set.
	OTLP           string
	TracerProvider trace.TracerProvider
	// TraceRatio is the part of the messages that are traced, up to 1; negative: none but those
	// that are sent with a context of a trace. Default: 0.01.
	TraceRatio float64

	// Drain is the time over which a stopping node sends its users away, few at a time: less if
	// there are few. From 100 ms to 1 h. Default: 20 s.
	Drain time.Duration
	// Grace is how long a stopping node waits for a user that it has sent away to come back on
	// another node, which takes over the user's channels, before the peers are told that the user
	// left. At most 1 h; negative: it does not wait. Default: 10 s.
	Grace time.Duration

	// DM stands in for the file that dm.Setup reads: a JSON object with its keys. Default: not
	// given.
	DM json.RawMessage
	// Dive stands in for the file of the storages: a JSON object. Default: not given.
	Dive json.RawMessage

	origins map[string]string // where each value came from, for errors
	exposed []string          // secrets on the command line
}

// LoadConfig reads settings as "parley serve" does: a flag before an environment variable
// (PARLEY_NAME) before the JSON file before the default. File may be empty: then it is what
// PARLEY_CONFIG names, if anything. Environ is what os.Environ returns. Flags holds values by flag
// name, without dashes before it. The error is one line that names the setting, where its value
// came from, and what would be right.
func LoadConfig(file string, environ []string, flags map[string]string) (Config, error) {
	c, err := config.Load(config.Sources{File: file, Environ: environ, Flags: flags, OwnAuth: true})
	if err != nil {
		return Config{}, err
	}

	return fromInternal(c), nil
}

// ErrTryAgain is what an error of [Config.Authenticate] wraps when the same token may be accepted
// later.
var ErrTryAgain = auth.ErrUnavailable

func fromInternal(c config.Config) Config {
	return Config{
		Node: c.Node, TCP: c.TCP, HTTP: c.HTTP,
		Cluster: c.Cluster, Advertise: c.Advertise, Join: c.Join, MinMembers: c.MinMembers, ClusterSecret: c.ClusterSecret,
		NATS: c.NATS, Core: c.Core, CoreNodes: c.CoreNodes, AuthKey: c.AuthKey, AuthKeys: c.AuthKeys, AuthLeeway: c.AuthLeeway, AuthIssuer: c.AuthIssuer,
		AuthAudience: c.AuthAudience, TokenGrace: c.TokenGrace, Origins: c.AllowedOrigins, TrustedProxies: c.TrustedProxies,
		MaxPending: c.MaxPending, AddressPending: c.AddressPending, AddressOpen: c.AddressOpen,
		AddressLogins: c.AddressLogins, UserLogins: c.UserLogins,
		RateMessages: c.RateMessages, RateBytes: c.RateBytes, QueueMemory: c.QueueMemory, TLSCert: c.TLSCert, TLSKey: c.TLSKey, Insecure: c.Insecure,
		Dev: c.Dev, Pprof: c.Pprof, Heartbeat: c.Heartbeat, LogLevel: c.LogLevel, LogFormat: c.LogFormat,
		Admin: c.Admin, AdminKey: c.AdminKey, AdminHosts: c.AdminHosts, Drain: c.Drain, Grace: c.Grace,
		HookURL: c.HookURL, HookSecret: c.HookSecret, HookTimeout: c.HookTimeout, HookFailure: c.HookFailure,
		OTLP: c.OTLP, TraceRatio: c.TraceRatio,
		DM: c.DM, Dive: c.Dive, origins: c.Origins, exposed: c.Exposed,
	}
}

func (c Config) internal() config.Config {
	return config.Config{
		OwnAuth: c.Authenticate != nil,
		Node:    c.Node, TCP: c.TCP, HTTP: c.HTTP,
		Cluster: c.Cluster, Advertise: c.Advertise, Join: c.Join, MinMembers: c.MinMembers, ClusterSecret: c.ClusterSecret,
		NATS: c.NATS, Core: c.Core, CoreNodes: c.CoreNodes, AuthKey: c.AuthKey, AuthKeys: c.AuthKeys, AuthLeeway: c.AuthLeeway, AuthIssuer: c.AuthIssuer,
		AuthAudience: c.AuthAudience, TokenGrace: c.TokenGrace, AllowedOrigins: c.Origins, TrustedProxies: c.TrustedProxies,
		MaxPending: c.MaxPending, AddressPending: c.AddressPending, AddressOpen: c.AddressOpen,
		AddressLogins: c.AddressLogins, UserLogins: c.UserLogins,
		RateMessages: c.RateMessages, RateBytes: c.RateBytes, QueueMemory: c.QueueMemory, TLSCert: c.TLSCert, TLSKey: c.TLSKey, Insecure: c.Insecure,
		Dev: c.Dev, Pprof: c.Pprof, Heartbeat: c.Heartbeat, LogLevel: c.LogLevel, LogFormat: c.LogFormat,
		Operation: config.Operation{Admin: c.Admin, AdminKey: c.AdminKey, AdminHosts: c.AdminHosts, Drain: c.Drain, Grace: c.Grace},
		Webhook:   config.Webhook{HookURL: c.HookURL, HookSecret: c.HookSecret, HookTimeout: c.HookTimeout, HookFailure: c.HookFailure},
		Tracing:   config.Tracing{OTLP: c.OTLP, TraceRatio: c.TraceRatio},
		DM:        c.DM, Dive: c.Dive, Origins: maps.Clone(c.origins), Exposed: c.exposed,
	}
}
