package config

import (
	"encoding/json"
	"os"
	"strings"
	"time"
)

// Off is the address of a listener that is not wanted.
const Off = "off"

// Config holds the settings of one node. The zero value, completed, is a single node for
// development.
type Config struct {
	Operation
	Webhook
	Tracing

	Node string // name of this node; empty: the host's name

	TCP  string // client listener, host:port or Off; empty: the default
	HTTP string // HTTP and WebSocket listener, host:port or Off; empty: the default

	Cluster       string   // listener for links (TCP) and gossip (TCP and UDP) of other nodes, host:port; empty: a single node
	Advertise     string   // where other nodes reach Cluster, host:port; empty: at the address of the listener
	Join          []string // cluster addresses of some or all nodes, this one perhaps among them
	MinMembers    int      // not ready with fewer members in view, this node included; 0: the default
	ClusterSecret string   // shared by all nodes: the secret, or file:PATH, which Complete replaces by what the file holds

	NATS string // URLs (comma separated) of a NATS cluster whose JetStream the storages use; empty: none

	Core      string   // listener of this core node, which keeps storages, host:port; empty: it is none
	CoreNodes []string // where all core nodes are reached, the same at all nodes

	AuthKey      string        // a secret of at least 32 bytes, file:PATH, jwks:PATH or the URL of a JWKS; empty: made up at start
	AuthKeys     []string      // further keys whose tokens are accepted
	AuthLeeway   time.Duration // how far ahead nbf of a token may lie; 0: the default, negative: none
	AuthIssuer   string        // what iss of a token must be; empty: anything
	AuthAudience []string      // aud of a token must have one of these; empty: anything
	TokenGrace   time.Duration // how long a session outlives its token; 0: the default, negative: not
	// OwnAuth: the program has a function that authenticates. Then there are no keys.
	OwnAuth bool

	AllowedOrigins []string // origins of pages that may open WebSockets; empty: the node's own host
	TrustedProxies []string // addresses and networks of proxies that say where clients are

	// Bounds of clients; 0: the default, negative: no limit.
	MaxPending     int // connections that have not logged in
	AddressPending int // those of one address
	AddressOpen    int // sessions of one address
	AddressLogins  int // logins a second of one address
	UserLogins     int // logins of one user in a row that are not delayed
	RateMessages   int // messages a second of one session
	RateBytes      int // bytes a second of one session
	QueueMemory    int // of the queues of all clients together, in MiB; 0: a quarter of the memory

	TLSCert  string // PEM file; empty: no TLS
	TLSKey   string // PEM file
	Insecure bool   // allow what other machines can reach with a made-up key or without TLS
	Dev      bool   // show the demo page on HTTP, which lets users of this machine log in as any user

	// Pprof is a listener of its own for profiles of the process, host:port; empty: none. Who
	// reaches it sees what is in memory.
	Pprof string

	// Heartbeat is the longest silence of a healthy connection: after two of them without a byte
	// the session ends. Shorter finds dead clients sooner and costs each idle client a ping per
	// heartbeat.
	Heartbeat time.Duration

	LogLevel  string // debug, info, warn, error
	LogFormat string // text, json

	DM   json.RawMessage // stands in for dm.json; nil: not given
	Dive json.RawMessage // stands in for dive.json; nil: not given

	// Exposed names the secrets that stand on the command line.
	Exposed []string

	// Origins tells for each setting, by its name in files, where its value came from: "--tcp",
	// "PARLEY_TCP", "the file's tcp". It is for errors only, and may be nil.
	Origins map[string]string
}

// Complete fills in the defaults of what is empty, and checks the whole.
func Complete(c Config) (Config, error) {
	for _, s := range Settings() {
		if s.empty != nil && s.empty(&c) && s.Default != "" {
			if err := s.set(&c, s.Default); err != nil {
				return Config{}, err
			}
		}
	}
	if c.Node == "" {
		c.Node = hostNode()
	}

	if err := c.check(); err != nil {
		return Config{}, err
	}

	return c, nil
}

// hostNode makes a node name of the host's name.
func hostNode() string {
	host, err := os.Hostname()
	if err != nil {
		return "node"
	}
	name := strings.Map(func(r rune) rune {
		if nodeRune(r) {
			return r
		}

		return '-'
	}, host)
	if name = name[:min(len(name), maxNodeName)]; name == "" {
		return "node"
	}

	return name
}

// Where names a setting in an error: by where its value came from, or else by its name.
func (c *Config) Where(name string) string {
	if origin, ok := c.Origins[name]; ok {
		return origin
	}

	return name
}
