package link

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/sock"
)

// Options say who a node is on its links. Fields without a default must be given.
type Options struct {
	Self Node
	Key  Key
	// TLS encrypts all links of the node. Both ends of a link must want it, or neither.
	TLS bool
	// MaxPacket is the length of the longest packet.
	MaxPacket int
	// QueueBytes is how much may wait to be written on one link. Default 64 MiB.
	QueueBytes int
	// Patience is how long a handshake may take. Default 3 s.
	Patience time.Duration
	// GiveUp is how long the system waits for a peer that acknowledges nothing, and about how long for one that is silent. Default 2 s.
	GiveUp time.Duration
	// Admit is called for a node that has called and proved itself, before it is told that it is in. True: the link is its receiver's from
	// then on, who must Run it, from another goroutine.
	Admit func(*Link) bool
	// Cork, if not nil, holds up what all links of the node write.
	Cork   *Cork
	Logger *slog.Logger
}

const (
	defaultQueue    = 64 << 20
	defaultPatience = 3 * time.Second
	defaultGiveUp   = 2 * time.Second
	// maxShakes is how many may be at the door at once.
	maxShakes = 64
	// certificateLife is long: who holds a node's certificate has proved the secret, which is what counts.
	certificateLife = 100 * 365 * 24 * time.Hour
)

// Door is where a node's links begin: those of others come in, its own go out.
type Door struct {
	opts Options
	ln   net.Listener
	cert *tls.Config // nil without TLS

	room   chan struct{} // of maxShakes
	shakes sync.WaitGroup

	mu     sync.Mutex
	closed bool                  // guarded by mu
	open   map[net.Conn]struct{} // guarded by mu; handshakes under way
	said   map[string]time.Time  // guarded by mu; who was refused when
}

// Listen opens the door.
func Listen(ctx context.Context, addr string, opts Options) (*Door, error) {
	opts.QueueBytes = orDefault(opts.QueueBytes, defaultQueue)
	opts.Patience = orDefault(opts.Patience, defaultPatience)
	opts.GiveUp = orDefault(opts.GiveUp, defaultGiveUp)
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Door{
		opts: opts, room: make(chan struct{}, maxShakes),
		open: make(map[net.Conn]struct{}), said: make(map[string]time.Time),
	}
	if opts.TLS {
		cert, err := newCertificate()
		if err != nil {
			return nil, fmt.Errorf("link: %w", err)
		}
		d.cert = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true}
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	d.ln = ln
	d.shakes.Go(d.accept)

	return d, nil
}

func orDefault[T int | time.Duration](v, preset T) T {
	if v <= 0 {
		return preset
	}

	return v
}

// newCertificate makes one that nobody vouches for. It is not needed to: the secret is proved over the channel that it makes.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certificateLife)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}

	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// Addr is where the door is.
func (d *Door) Addr() net.Addr { return d.ln.Addr() }

// Close closes the door and ends the handshakes under way. Links that stand are not touched.
func (d *Door) Close() {
	d.mu.Lock()
	d.closed = true
	for conn := range d.open {
		_ = conn.Close()
	}
	d.mu.Unlock()
	_ = d.ln.Close()
	d.shakes.Wait()
}

// Dial calls a node at an address and returns the link to it, whose Run is then the caller's.
func (d *Door) Dial(ctx context.Context, addr string, to Node) (*Link, error) {
	ctx, cancel := context.WithTimeout(ctx, d.opts.Patience)
	defer cancel()
	dialer := net.Dialer{KeepAlive: -1} // keepAlive does it
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if !d.enter(conn) {
		return nil, net.ErrClosed
	}
	defer d.leave(conn)
	d.keepAlive(conn)
	secure := func(c net.Conn) *tls.Conn {
		//nolint:gosec // the secret authenticates the channel, see handshake
		return tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
	}
	if !d.opts.TLS {
		secure = nil
	}
	s, err := d.begin(ctx, conn, secure)
	if err == nil {
		var l *Link
		if l, err = s.call(d.opts.Self, to); err == nil {
			return l, nil
		}
	}
	_ = conn.Close()

	return nil, err
}

// enter notes a handshake under way, so that Close can end it.
func (d *Door) enter(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = conn.Close()

		return false
	}
	d.open[conn] = struct{}{}

	return true
}

func (d *Door) leave(conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, conn)
}

func (d *Door) accept() {
	const pause = 10 * time.Millisecond
	for {
		conn, err := d.ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors, or the caller has gone already
			time.Sleep(pause)

			continue
		}
		select {
		case d.room <- struct{}{}:
		default:
			_ = conn.Close()

			continue
		}
		if !d.enter(conn) {
			<-d.room

			continue
		}
		d.shakes.Go(func() { d.receive(conn) })
	}
}

// receive lets one in.
func (d *Door) receive(conn net.Conn) {
	defer func() { <-d.room }()
	defer d.leave(conn)
	d.keepAlive(conn)
	var secure func(net.Conn) *tls.Conn
	if d.opts.TLS {
		secure = func(c net.Conn) *tls.Conn { return tls.Server(c, d.cert) }
	}
	ctx, cancel := context.WithTimeout(context.Background(), d.opts.Patience)
	defer cancel()
	admitted := (*Link)(nil)
	s, err := d.begin(ctx, conn, secure)
	if err == nil {
		err = s.answer(d.opts.Self, func(l *Link) bool {
			if d.opts.Admit(l) {
				admitted = l
			}

			return admitted != nil
		})
	}
	switch {
	case err == nil:
		return
	case admitted != nil:
		admitted.Close(err)
	default:
		_ = conn.Close()
	}
	d.refused(conn.RemoteAddr(), err)
}

// refused says, once in a while for each address, that one was not let in.
func (d *Door) refused(from net.Addr, err error) {
	const sayAgain, maxSaid = 30 * time.Second, 256
	host, _, splitErr := net.SplitHostPort(from.String())
	if splitErr != nil {
		host = from.String()
	}
	log := d.opts.Logger.Warn
	if errors.Is(err, ErrNotNow) || errors.Is(err, ErrWrongNode) { // a node that was restarted, or one that was down: they find out
		log = d.opts.Logger.Debug
	}
	d.mu.Lock()
	now, closed := time.Now(), d.closed
	last, known := d.said[host]
	again := !known || now.Sub(last) >= sayAgain
	if again {
		if len(d.said) >= maxSaid {
			clear(d.said)
		}
		d.said[host] = now
	}
	d.mu.Unlock()
	if again && !closed {
		log("a link was refused", "from", host, "why", err)
	}
}

// keepAlive has half-open connections die.
func (d *Door) keepAlive(conn net.Conn) {
	sock.Tune(conn, d.opts.GiveUp)
	if tcp, ok := conn.(*net.TCPConn); ok {
		const probes = 2
		_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: max(d.opts.GiveUp/probes, time.Second), Count: probes})
	}
}
