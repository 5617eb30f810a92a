package mesh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/puzpuzpuz/xsync/v4"
)

// natsEngine carries packets by NATS. Everything goes through one connection, because its order is what the
// engine promises.
type natsEngine struct {
	opts  Options
	inc   uint64
	log   *slog.Logger
	drops *drops
	up    receiver

	server *embedded // nil with an external NATS
	conn   *nats.Conn
	ready  atomic.Bool // conn is set
	away   atomic.Bool // conn is not connected: while it tries to, its methods may block for seconds
	cells  cells
	limit  int // maxPacket

	held  *xsync.Map[string, *nats.Subscription]
	finds chan *nats.Msg // of all users held here
	quit  chan struct{}
	done  sync.WaitGroup

	// gate is held for reading while something is handed up: close shuts it.
	gate   sync.RWMutex
	closed bool // guarded by gate
}

const (
	findsWaiting   = 16 << 10 // finds that may wait for the one goroutine that hands them up
	packetsWaiting = 1 << 20
	bytesWaiting   = 64 << 20
	controlWaiting = 16 << 20

	reconnectWait   = 100 * time.Millisecond
	reconnectJitter = 50 * time.Millisecond
	pingInterval    = 2 * time.Second
	pingsOut        = 2
	flushTimeout    = 5 * time.Second
	flusherTimeout  = time.Second // a write that hangs holds up whoever wants to write
)

func newNATSEngine(opts Options, m *member) *natsEngine {
	return &natsEngine{
		opts:  opts,
		inc:   m.self.Incarnation,
		log:   opts.Logger,
		drops: &m.drops,
		held:  xsync.NewMap[string, *nats.Subscription](),
		finds: make(chan *nats.Msg, findsWaiting),
		quit:  make(chan struct{}),
		limit: opts.maxPacket(),
	}
}

func (e *natsEngine) open(ctx context.Context, up receiver) error {
	e.up = up
	if e.opts.URL == "" {
		server, err := startEmbedded(ctx, e.opts, e.inc)
		if err != nil {
			return err
		}
		e.server = server
	}
	err := e.connect(ctx)
	if err == nil {
		err = e.subscribe(ctx)
	}
	if err != nil {
		e.close(ctx)

		return err
	}

	return nil
}

func (e *natsEngine) connect(ctx context.Context) error {
	warned := false
	for {
		conn, err := nats.Connect(e.opts.URL, e.options()...)
		if err == nil {
			e.conn, e.cells = conn, cells{conn}
			e.ready.Store(true)

			break
		}
		if e.server != nil || errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || isBadURL(err) {
			return fmt.Errorf("mesh: connecting to NATS: %w", err)
		}
		if !warned {
			warned = true
			e.log.Warn("no NATS server answers yet; still trying", "at", hosts(e.opts.URL), "error", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("mesh: no NATS server answers: %w", err)
		case <-time.After(reconnectWait):
		}
	}
	if room := int(e.conn.MaxPayload()); room < e.limit {
		e.log.Warn("the NATS server carries less than the longest message needs: raise its max_payload", "max_payload", room, "needed", e.limit)
		e.limit = room
	}

	return nil
}

// hosts is where the servers of a NATS URL are, without what lets one in.
func hosts(urls string) string {
	var list []string
	for u := range strings.SplitSeq(urls, ",") {
		if p, err := url.Parse(strings.TrimSpace(u)); err == nil {
			list = append(list, p.Host)
		}
	}

	return strings.Join(list, ", ")
}

func isBadURL(err error) bool {
	return strings.Contains(err.Error(), "invalid") || errors.Is(err, nats.ErrNoServers) && strings.Contains(err.Error(), "parse")
}

func (e *natsEngine) options() []nats.Option {
	opts := []nats.Option{
		nats.Name("parley " + e.opts.Node),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		nats.ReconnectBufSize(-1), // what cannot be sent now must not arrive late
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(pingsOut),
		nats.IgnoreAuthErrorAbort(),
		nats.FlusherTimeout(flusherTimeout),
		nats.DisconnectErrHandler(func(*nats.Conn, error) {
			e.away.Store(true)
			e.handUp(e.up.onLost)
		}),
		nats.ReconnectHandler(func(*nats.Conn) {
			e.holdAll()
			e.away.Store(false)
			e.holdAll() // those that came meanwhile
			e.handUp(e.up.onBack)
		}),
		nats.ErrorHandler(e.onError),
	}
	if e.server != nil {
		opts = append(opts, nats.InProcessServer(e.server))
	}

	return opts
}

func (e *natsEngine) subscribe(ctx context.Context) error {
	for _, s := range []struct {
		subject string
		bytes   int
		handle  nats.MsgHandler
	}{
		{nodeSubject(e.inc), bytesWaiting, func(m *nats.Msg) { e.up.onNode(m.Data) }},
		{subjectAll, controlWaiting, func(m *nats.Msg) { e.up.onAll(m.Data) }},
		{strings.TrimSuffix(replySubject(e.inc, 0, 0), "0.0") + ">", controlWaiting, e.onReply},
	} {
		sub, err := e.conn.Subscribe(s.subject, func(m *nats.Msg) { e.handUp(func() { s.handle(m) }) })
		if err == nil {
			err = sub.SetPendingLimits(packetsWaiting, s.bytes)
		}
		if err != nil {
			return fmt.Errorf("mesh: subscribing to %s: %w", s.subject, err)
		}
	}
	e.done.Go(e.handFinds)
	if err := e.flush(ctx); err != nil {
		return fmt.Errorf("mesh: no answer from NATS: %w", err)
	}

	return nil
}

// handFinds hands the finds of all users up.
func (e *natsEngine) handFinds() {
	for {
		select {
		case <-e.quit:
			return
		case m := <-e.finds:
			user, ok := e.cells.user(m.Subject)
			if !ok {
				e.drops.malformed.Add(1)

				continue
			}
			e.handUp(func() { e.up.onFind(user, m.Data) })
		}
	}
}

// onReply is told that nobody holds a user: an empty message with a status.
func (e *natsEngine) onReply(m *nats.Msg) {
	port, token, ok := parseReplySubject(m.Subject)
	if !ok || len(m.Data) != 0 {
		e.drops.malformed.Add(1)

		return
	}
	e.up.onNobody(port, token)
}

func (e *natsEngine) handUp(f func()) {
	e.gate.RLock()
	defer e.gate.RUnlock()
	if !e.closed {
		f()
	}
}

// onError is told by the NATS client what went wrong. It reports the first of a row of packets that found
// their queue full, so the counts are read off the subscription.
func (e *natsEngine) onError(_ *nats.Conn, sub *nats.Subscription, err error) {
	switch {
	case sub != nil && errors.Is(err, nats.ErrSlowConsumer) && sub.Queue == holdersGroup:
		e.drops.finds.Add(1)
		e.log.Warn("finds were dropped: more wait than this node can handle", "bound", findsWaiting)
	case sub != nil && errors.Is(err, nats.ErrSlowConsumer):
		dropped, _ := sub.Dropped()
		e.drops.packets.Store(uint64(max(dropped, 0)))
		e.log.Warn("packets of other nodes were dropped: more wait than this node can handle", "bytes", bytesWaiting)
	default:
		e.log.Warn("NATS reports an error", "error", err)
	}
}

// flush waits until our server has taken what was sent before.
func (e *natsEngine) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()

	return e.conn.FlushWithContext(ctx)
}

func (e *natsEngine) close(ctx context.Context) {
	if e.conn != nil {
		if e.connected() {
			_ = e.flush(ctx) // the goodbyes; if they do not get out, silence tells
		}
		e.gate.Lock()
		e.closed = true
		e.gate.Unlock()
		e.conn.Close()
	}
	close(e.quit)
	e.done.Wait()
	if e.server != nil {
		e.server.close()
	}
}

func (e *natsEngine) connected() bool { return e.ready.Load() && !e.away.Load() }
func (e *natsEngine) maxPacket() int  { return e.limit }
func (e *natsEngine) pass()           {}

func (e *natsEngine) expects() (company, string) {
	switch {
	case e.server == nil:
		return companyPerhaps, ""
	case len(e.opts.Join) > 0:
		return companySurely, strings.Join(e.opts.Join, ", ")
	}

	return companyNone, ""
}

// reaches: each other node of an embedded cluster has a server of its own, to which ours has one route.
func (e *natsEngine) reaches(n int) bool { return e.server == nil || e.server.NumRoutes() >= n }

func (e *natsEngine) toNode(to uint64, packet []byte) error {
	if e.away.Load() {
		return ErrCutOff
	}

	return sendError(e.conn.Publish(nodeSubject(to), packet))
}

func (e *natsEngine) toAll(packet []byte) error {
	if e.away.Load() {
		return ErrCutOff
	}

	return sendError(e.conn.Publish(subjectAll, packet))
}

func (e *natsEngine) toHolder(userID string, port Port, token uint64, packet []byte) error {
	if e.away.Load() {
		return ErrCutOff
	}
	conn, subject := e.cells.place(userID)

	return sendError(conn.PublishRequest(subject, replySubject(e.inc, port, token), packet))
}

func (e *natsEngine) probe(to uint64, port Port, token uint64, packet []byte) error {
	if e.away.Load() {
		return ErrCutOff
	}

	return sendError(e.conn.PublishRequest(nodeSubject(to), replySubject(e.inc, port, token), packet))
}

func (e *natsEngine) holds(userID string) bool {
	_, held := e.held.Load(userID)

	return held
}

func (e *natsEngine) hold(userID string) error {
	var failed error
	e.held.Compute(userID, func(old *nats.Subscription, held bool) (*nats.Subscription, xsync.ComputeOp) {
		switch {
		case held:
			return old, xsync.CancelOp
		case e.away.Load():
			return nil, xsync.UpdateOp // see holdAll
		}
		sub, err := e.subscribeTo(userID)
		if err != nil {
			failed = sendError(err)

			return nil, xsync.CancelOp
		}

		return sub, xsync.UpdateOp
	})

	return failed
}

func (e *natsEngine) subscribeTo(userID string) (*nats.Subscription, error) {
	conn, subject := e.cells.place(userID)

	return conn.ChanQueueSubscribe(subject, holdersGroup, e.finds)
}

// holdAll subscribes for those who came while there was no connection.
func (e *natsEngine) holdAll() {
	var waiting []string
	e.held.Range(func(userID string, sub *nats.Subscription) bool {
		if sub == nil {
			waiting = append(waiting, userID)
		}

		return true
	})
	for _, userID := range waiting {
		e.held.Compute(userID, func(old *nats.Subscription, held bool) (*nats.Subscription, xsync.ComputeOp) {
			if !held || old != nil {
				return old, xsync.CancelOp
			}
			sub, err := e.subscribeTo(userID)
			if err != nil { // the connection is closed for good
				return nil, xsync.CancelOp
			}

			return sub, xsync.UpdateOp
		})
	}
}

func (e *natsEngine) release(userID string) {
	e.held.Compute(userID, func(sub *nats.Subscription, _ bool) (*nats.Subscription, xsync.ComputeOp) {
		switch {
		case sub == nil:
		case e.away.Load():
			e.done.Go(func() { _ = sub.Unsubscribe() })
		default:
			_ = sub.Unsubscribe() // fails only when the connection is closed for good
		}

		return nil, xsync.DeleteOp
	})
}

// sendError says in the mesh's words why NATS did not take a packet.
func sendError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrMaxPayload):
		return ErrPacketTooLarge
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrConnectionDraining):
		return ErrStopped
	}

	return fmt.Errorf("%w: %w", ErrCutOff, err)
}
