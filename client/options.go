package client

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"
)

const (
	firstPause     = 200 * time.Millisecond
	longestPause   = 10 * time.Second
	defaultBacklog = 8 << 20
)

// Option changes how Dial makes a client. Later options win over earlier ones.
type Option func(*config)

// config is what options set. It does not change after Dial.
type config struct {
	token       func(ctx context.Context) (string, error)
	renewable   bool // token may return another one later
	name        string
	tls         *tls.Config
	sessions    tls.ClientSessionCache
	log         *slog.Logger
	backoff     backoff
	noReconnect bool
	maxMessage  int // 0: whatever the server allows
	backlog     int
	dial        func(ctx context.Context, network, addr string) (net.Conn, error)
	callbacks   callbacks
	shuffle     func(n int, swap func(i, j int)) // orders the other addresses after a lost connection
}

func defaults() config {
	return config{
		name:     "parley-go",
		log:      slog.New(slog.DiscardHandler),
		backoff:  backoff{min: firstPause, max: longestPause, jitter: rand.Float64},
		backlog:  defaultBacklog,
		dial:     new(net.Dialer).DialContext,
		sessions: tls.NewLRUClientSessionCache(maxSessions),
		shuffle:  rand.Shuffle,
	}
}

// WithToken gives the token to log in with. When it has expired, a connection that breaks cannot be
// replaced: the server answers goodbye 2001 and the client ends. So does the session, a while after
// the token has expired. See WithTokenSource.
func WithToken(token string) Option {
	return func(c *config) {
		c.token = func(context.Context) (string, error) { return token, nil }
		c.renewable = false
	}
}

// WithTokenSource gives a function that returns a token for each login: the first one and each
// reconnect. An error of the function ends Dial; later the error counts as a failed attempt at
// every address. Before the token of a session expires, the client asks for another one and sends
// that: the function must return a fresh token each time. It must not call the client's Close.
func WithTokenSource(source func(ctx context.Context) (string, error)) Option {
	return func(c *config) { c.token, c.renewable = source, true }
}

// WithTLS sets certificates and names for tls:// and wss:// URLs. Without it the system's roots are
// used and the certificate must have the host name of the URL. TLS sessions are resumed.
func WithTLS(conf *tls.Config) Option { return func(c *config) { c.tls = conf } }

// WithName tells the server what program this is, as "name/version". It stands in the server's
// logs.
func WithName(name string) Option { return func(c *config) { c.name = name } }

// WithLogger makes the client log lost connections, attempts to return, and returns. Tokens and
// messages are never logged. Without it nothing is.
func WithLogger(log *slog.Logger) Option { return func(c *config) { c.log = log } }

// WithBackoff sets the pauses before attempts to reconnect while every address is bad. Pause n is
// random between one half and the whole of minimum × 2ⁿ, at most maximum: the clients of a node
// that has crashed do not return all at once. The count starts anew after a connection that lasted
// longer than maximum. Defaults: 200 ms, 10 s.
func WithBackoff(minimum, maximum time.Duration) Option {
	return func(c *config) {
		c.backoff.min = max(minimum, time.Millisecond)
		c.backoff.max = max(maximum, c.backoff.min)
	}
}

// WithoutReconnect makes the first lost connection the end of the client.
func WithoutReconnect() Option { return func(c *config) { c.noReconnect = true } }

// WithMaxMessage bounds the messages of this client, in both directions, below what the server
// allows. A server that sends a longer one nevertheless is cut off, so this protects memory; it is
// no filter.
func WithMaxMessage(bytes int) Option { return func(c *config) { c.maxMessage = bytes } }

// WithBacklog sets how many bytes of messages may wait for callbacks before the client stops
// reading. What happens then is in the package's Limits. Default: 8 MiB.
func WithBacklog(bytes int) Option { return func(c *config) { c.backlog = max(bytes, 1) } }

// WithDialer replaces how network connections are made: for proxies, for tests. Network is "tcp",
// addr is "host:port". TLS and WebSocket run over what it returns.
func WithDialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Option {
	return func(c *config) { c.dial = dial }
}

// OnMessage is Client.OnMessage from before the first message can arrive.
func OnMessage(f func(Message)) Option {
	return func(c *config) { c.callbacks.message = f }
}

// OnPeerDisconnect is Client.OnPeerDisconnect from before the first notice can arrive.
func OnPeerDisconnect(f func(peer string, last []byte)) Option {
	return func(c *config) { c.callbacks.peerDisconnect = f }
}

// OnPush is Client.OnPush from before the first push can arrive.
func OnPush(f func(ver uint8, cmd uint16, payload []byte)) Option {
	return func(c *config) { c.callbacks.push = f }
}

// OnState is Client.OnState from the start: the first call is with StateConnected.
func OnState(f func(State)) Option {
	return func(c *config) { c.callbacks.state = f }
}
