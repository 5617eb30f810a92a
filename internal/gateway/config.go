package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/internal/quota"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// Config configures a Gateway. The zero value of a field means its default.
type Config struct {
	// Node is the node's ID, for the welcome.
	Node string
	// TLS, if set, is what connections to the TCP listeners begin with. WebSocket connections have
	// the TLS of the HTTP server that they come from.
	TLS *tls.Config
	// Heartbeat is how long either side may be silent before it pings; after two of them it counts
	// as dead. A short one finds vanished clients sooner and costs a wake-up of every idle phone.
	// Default 15 s.
	Heartbeat time.Duration
	// HelloTimeout is how long a connection may take until its hello is there, TLS handshake
	// included. Default 5 s.
	HelloTimeout time.Duration
	// TokenGrace is how long a session goes on after its token has expired. Default none.
	TokenGrace time.Duration
	// Origins lists the origins of pages that may open WebSockets, such as https://app.example; "*"
	// is all. Default: the host of the request.
	Origins []string
	// MaxMessage is the longest message in bytes. A frame may be wire.FrameRoom longer. Default
	// wire.DefaultMaxMessage.
	MaxMessage int
	// QueueBytes and QueueFrames bound what is queued for one client that reads more slowly than
	// frames come. A push beyond them is refused with sessions.ErrBusy. Defaults 1 MiB and 4096.
	// QueueBytes has to hold two of the longest frames, and is raised to that.
	QueueBytes  int
	QueueFrames int
	// Rates are what a session may send in a second, with a burst of four seconds' worth; beyond
	// that it is not read from. Default unlimited.
	Rates Rates
	// Memory is what the queues of all clients may hold together. Default unlimited.
	Memory *quota.Pool
	// MaxPending bounds the connections that are not logged in: before the hello, during the login,
	// after a refusal until they have ended, and HTTP connections. Further ones are closed at once.
	// Default 8192; negative: no limit.
	MaxPending int
	// AddressPending and AddressOpen bound the connections of one address that are not logged in,
	// and its sessions. AddressLogins bounds its logins a second, beyond a burst of ten seconds'
	// worth; further ones wait. Of IPv6, a network of 64 bits is an address. Default: no limit.
	AddressPending, AddressOpen, AddressLogins int
	// UserLogins is how many logins of one user in a row are not delayed. Default: none is.
	UserLogins int
	// TrustedProxies say where clients are, by the PROXY protocol or X-Forwarded-For. The limits of
	// an address are not for theirs.
	TrustedProxies []netip.Prefix
	// Loops watch the connections, and are closed behind the gateway. Nil: each connection has a
	// goroutine.
	Loops *netio.Loops
	// Running, if not nil, reports whether this process has been running without a gap. False means
	// that it was stopped for so long that the node must ask its cluster before clients are
	// handled: the gateway behaves as if PauseClients had been called, and each false must be
	// followed by ResumeClients. It is called once for each read of a connection, from several
	// goroutines; it must be cheap and not block.
	Running func() bool
	// Logger gets what an operator should know. Default slog.Default().
	Logger *slog.Logger
}

const (
	defaultHeartbeat    = 15 * time.Second
	defaultHelloTimeout = 5 * time.Second
	defaultQueueBytes   = 1 << 20
	defaultQueueFrames  = 4096
	defaultMaxPending   = 8192
)

func (c Config) withDefaults() Config {
	orElse(&c.Heartbeat, defaultHeartbeat)
	orElse(&c.HelloTimeout, defaultHelloTimeout)
	orElse(&c.MaxMessage, wire.DefaultMaxMessage)
	orElse(&c.QueueBytes, defaultQueueBytes)
	orElse(&c.QueueFrames, defaultQueueFrames)
	if c.MaxPending == 0 {
		c.MaxPending = defaultMaxPending
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.QueueBytes = max(c.QueueBytes, 2*(c.maxBody()+maxFraming))

	return c
}

func orElse[T int | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}

// maxBody is the length of the longest body that a client may send or is sent.
func (c Config) maxBody() int { return c.MaxMessage + wire.FrameRoom }

// Authenticator turns a token into what it says of its client. Its errors' texts are sent to the
// client. auth.Tokens and auth.Hook are two: only auth.Tokens is known not to block. The context
// ends with the time for a login.
type Authenticator interface {
	Identify(ctx context.Context, token string, remote net.Addr) (auth.Identity, error)
}

// Host is what the gateway needs of its node.
type Host interface {
	// Admit makes a login known to the cluster. The client gets its welcome when it has returned
	// nil. A *Refusal as error says which goodbye the client gets, any other error is goodbye 1001.
	// The context ends when the connection does, and after ten seconds.
	//
	// From within Admit on, the user may be pushed to and closed: pushes wait behind the welcome.
	Admit(ctx context.Context, u *user.User) error
	// Leave reports that the session of an admitted user has ended. It is called once for every
	// Admit that returned nil; no frame of that client is dispatched after it.
	Leave(u *user.User, why user.Reason)
}

// Refusal is an error of Host.Admit that determines the client's goodbye.
type Refusal struct { //nolint:errname // it reads better where it is used
	Code  wire.Goodbye
	Text  string
	After time.Duration // if positive: when to come back
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("refused, %v: %s", r.Code, r.text()) }

func (r *Refusal) text() string {
	switch {
	case r.After <= 0:
		return r.Text
	case r.Text == "":
		return string(wire.AppendReconnect(nil, r.After))
	}

	return string(wire.AppendReason(nil, r.After, r.Text))
}
