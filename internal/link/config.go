package link

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/internal/node"
)

// Network makes connections: [TCP], or that of package memnet in tests.
type Network interface {
	Listen(ctx context.Context, addr string) (net.Listener, error)
	Dial(ctx context.Context, addr string) (net.Conn, error)
}

// Timing holds the periods of links. The same on all nodes of a cluster. Fields at zero get their
// defaults.
type Timing struct {
	// Beat is the longest time for which a link sends nothing. Default 250 ms.
	Beat time.Duration
	// Suspend is the age of the newest acknowledged packet at which a link is suspended, and the
	// length of a pause of the process that ends all links. At least three times Beat. Default 1 s.
	Suspend time.Duration
	// Failure is the silence that ends a link. It exceeds Suspend by the margin that a node has to
	// learn that it is about to be given up. Default 1.5 s.
	Failure time.Duration
	// Tick is the period of the monitor. Default 50 ms.
	Tick time.Duration
}

// Config describes a node to its endpoint. Self, Secret and Handler are required.
type Config struct {
	Self    node.ID
	Secret  string  // the cluster secret: the same on all nodes
	Network Network // default TCP
	Addr    string  // where the endpoint listens; default 127.0.0.1:0
	// Advertise is the address at which other nodes reach Addr. Default: the listener's address, or
	// the first outward one of this machine if that is unspecified.
	Advertise string
	Timing    Timing
	// MaxPacket is the length of the longest packet in bytes, the same on all nodes. Default 64
	// MiB.
	MaxPacket int
	// QueueBytes bounds the bytes of one link that are not written or not acknowledged. Default 64
	// MiB.
	QueueBytes int
	Handler    Handler
	// Streams receives accepted connections whose first byte is not that of TLS. That byte is
	// unread. Nil: they are closed.
	Streams func(net.Conn)
	// Clock reads a clock that goes on while the machine sleeps. Default: CLOCK_BOOTTIME where
	// there is one, otherwise the monotonic clock.
	Clock func() time.Duration
	// Gate is for tests: the endpoint's goroutines call it before they act on what woke them. It
	// blocks while a test has the process stopped.
	Gate   func()
	Cork   *Cork        // nil: none
	Loops  *netio.Loops // read the links; nil: goroutines do
	Logger *slog.Logger
}

// Handler receives the events of links. The calls for one peer, LinkUp, HandlePacket and
// LinkDown, come one after another. They may call any method of Link and Endpoint, but neither
// EndAll nor Close.
type Handler interface {
	// LinkUp is the first call for a link.
	LinkUp(l *Link)
	// HandlePacket receives a packet, which is valid until the method returns. It must not block.
	HandlePacket(l *Link, port uint8, packet []byte)
	// LinkDown is the last call for a link: nothing of it is delivered afterwards. Reason is one of
	// ErrSilent, ErrGone, ErrGoodbye, ErrPaused, ErrClosed, ErrProtocol, ErrRefused and
	// ErrOverloaded, or that of EndAll.
	LinkDown(l *Link, reason error)
	// Resumed is called after Leased has become true again. Leased was false for a moment, or
	// longer.
	Resumed()
	// Paused is called after this process did not run for gap, which is Timing.Suspend or more. All
	// links have ended, and their LinkDown has returned. No link begins before Paused returns.
	Paused(gap time.Duration)
}

const (
	defaultBeat    = 250 * time.Millisecond
	defaultSuspend = time.Second
	defaultFailure = 1500 * time.Millisecond
	defaultTick    = 50 * time.Millisecond

	defaultAddr      = "127.0.0.1:0"
	defaultMaxPacket = 64 << 20
	defaultQueue     = 64 << 20

	maxName = 128 // bytes of a node's name
)

func (t Timing) orDefaults() Timing {
	return Timing{
		Beat:    cmp.Or(t.Beat, defaultBeat),
		Suspend: cmp.Or(t.Suspend, defaultSuspend),
		Failure: cmp.Or(t.Failure, defaultFailure),
		Tick:    cmp.Or(t.Tick, defaultTick),
	}
}

func (c *Config) complete() error {
	switch {
	case c.Self.IsZero() || c.Self.Name == "" || len(c.Self.Name) > maxName:
		return errors.New("link: the node's ID is incomplete")
	case c.Secret == "":
		return errors.New("link: there is no cluster secret")
	case c.Handler == nil:
		return errors.New("link: there is no handler")
	case len(c.Advertise) > maxText:
		return errors.New("link: the advertised address is too long")
	}
	c.Timing = c.Timing.orDefaults()
	if c.Timing.Failure <= c.Timing.Suspend {
		return errors.New("link: the failure timeout must exceed that of suspending")
	}
	c.Addr = cmp.Or(c.Addr, defaultAddr)
	c.MaxPacket = cmp.Or(c.MaxPacket, defaultMaxPacket)
	c.QueueBytes = cmp.Or(c.QueueBytes, defaultQueue)
	if c.Network == nil {
		c.Network = TCP
	}
	if c.Clock == nil {
		c.Clock = newMachineClock().now
	}
	if c.Gate == nil {
		c.Gate = func() {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}

	return nil
}
