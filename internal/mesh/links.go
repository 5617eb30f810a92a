package mesh

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/mesh/link"
)

// Links: how packets go from node to node past the engine, and how order survives the change.
//
// Every node tells in its meetings where its links come in. The first packet to a peer goes by the engine and asks for a link: the
// node with the lower incarnation calls, the other one asks it to (kindCall). One link serves both directions, each of which is switched on its own:
//
//	sender                                   receiver
//	  │── packets ───── engine ────────────────▶│
//	  │── marker(link) ─ engine ───────────────▶│  all that was sent by the engine has been handled
//	  │   further packets wait in the link      │
//	  │◀───────────────────── open ─── link ────│
//	  │── packets that waited ─────── link ────▶│
//
// So nothing on the link can overtake what is still on its way by the engine. If it is not open after openTimeout, the link is
// given up, and what waited goes by the engine.
//
// Back: a packet that comes by the engine behind the marker says that its sender has given the link up. Before it is handled, the receiver ends
// the link for itself too, and drops what may still arrive on it. Those packets are in doubt, and both sides tell their watchers (PathLost).
//
// Locks: peer.order is held while a packet goes to the engine, a marker too, and while peer.link changes; so no packet that was given
// to the engine comes behind the marker. It is taken after neither delivery nor mu, and nothing but an engine's or a link's own
// locks is taken after it.
type links struct {
	m       *member
	addr    string        // where to listen
	cluster string        // the cluster address, if there is one
	flap    time.Duration // for tests: how long a link lives, about
	opts    link.Options

	cork   link.Cork
	door   *link.Door
	advert door // what meetings tell

	ctx     context.Context //nolint:containedctx // it ends the dials: they belong to this, not to a call
	cancel  context.CancelFunc
	running sync.WaitGroup // readers, dials

	mu     sync.Mutex
	closed bool // guarded by mu
}

// LinksOff is the address of a node that wants no links.
const LinksOff = "off"

const (
	openTimeout = time.Second
	idSize      = 8
)

// Why this side ends a link.
var (
	errNotOpened = errors.New("the other side did not open it in time")
	errSilent    = errors.New("nothing was heard on it")
	errGivenUp   = errors.New("the other side has given it up")
	errNewer     = errors.New("there is a newer one")
	errPeerDown  = errors.New("the node is down")
	errStopping  = errors.New("this node stops")
	errFlap      = errors.New("cut by a test")
)

// door is where a node's links come in.
type door struct {
	addr string // host:port; empty: it has none
	tls  bool
}

func newLinks(m *member, opts Options) *links {
	ctx, cancel := context.WithCancel(context.Background())
	ls := &links{m: m, addr: opts.Links, cluster: opts.Cluster, flap: opts.Flap, ctx: ctx, cancel: cancel}
	if ls.addr == "" {
		ls.addr = defaultLinks
	}
	ls.advert.tls = opts.LinkTLS
	ls.opts = link.Options{
		Self: link.Node(m.self), Key: link.NewKey(opts.Secret), TLS: opts.LinkTLS, MaxPacket: opts.maxPacket(), Admit: ls.admit, Cork: &ls.cork, Logger: m.log,
	}

	return ls
}

// open starts to listen.
func (ls *links) open(ctx context.Context) error {
	d, err := link.Listen(ctx, ls.addr, ls.opts)
	if err != nil {
		return fmt.Errorf("mesh: link address %s: %w", ls.addr, err)
	}
	ls.door = d
	ls.advert.addr = advertised(d.Addr(), ls.cluster)
	if ls.flap > 0 {
		ls.running.Go(ls.flapping)
	}

	return nil
}

// carry implements path.
func (ls *links) carry(to *peer, port Port, packet []byte, hurry hurry) error {
	if !byLink(port) {
		return ls.m.toPeer(to, kindPacket, port, packet)
	}
	if c := to.link.Load(); c != nil {
		if err := c.send(port, packet, hurry); !errors.Is(err, link.ErrClosed) {
			return err
		}
	}
	to.order.Lock()
	defer to.order.Unlock()
	if c := to.link.Load(); c != nil {
		if err := c.send(port, packet, hurry); !errors.Is(err, link.ErrClosed) {
			return err
		}
		c.leaveLocked()
	}
	ls.wantLocked(to)

	return ls.m.toPeer(to, kindPacket, port, packet)
}

// byLink tells which packets may go by links: those of whom PathLost tells what is in doubt. The other ports' packets are few, and nobody would ask
// for them again.
func byLink(port Port) bool { return port == PortDM }

// admit takes the link of a node that has called.
func (ls *links) admit(l *link.Link) bool {
	ls.m.mu.Lock()
	p := ls.m.peers[l.Peer().Incarnation]
	ls.m.mu.Unlock()

	return p != nil && p.id == NodeID(l.Peer()) && ls.stand(p, l)
}

// stand makes a link the way to a peer, if that is up, and posts the marker.
func (ls *links) stand(p *peer, l *link.Link) bool {
	m := ls.m
	c := &linked{ls: ls, peer: p, link: l, began: time.Now()}
	c.fresh.Store(true)
	m.mu.Lock()
	ls.mu.Lock()
	ok := p.state == peerUp && !ls.closed
	var old *linked
	if ok {
		ls.running.Add(1)
		p.hadLink = true
		old = p.inbound.Swap(c)
	}
	ls.mu.Unlock()
	m.mu.Unlock()
	if !ok {
		return false
	}
	if old != nil {
		old.end(errNewer)
	}
	p.order.Lock()
	if before := p.link.Load(); before != nil {
		before.leaveLocked()
	}
	p.link.Store(c)
	err := m.toPeer(p, kindMark, 0, binary.BigEndian.AppendUint64(nil, l.ID()))
	p.order.Unlock()
	go c.run()
	c.answerMarker(p.marked.Load())
	if err != nil {
		l.Close(err)
	}

	return true
}

// onMark takes a marker: all packets that its sender has given to the engine before have been handled.
func (ls *links) onMark(p *peer, body []byte) {
	if len(body) != idSize {
		ls.m.drops.malformed.Add(1)

		return
	}
	id := binary.BigEndian.Uint64(body)
	p.marked.Store(id)
	if c := p.inbound.Load(); c != nil {
		c.answerMarker(id)
	}
}

// onCall: the peer would like a link.
func (ls *links) onCall(p *peer) {
	p.order.Lock()
	defer p.order.Unlock()
	if p.link.Load() == nil {
		ls.wantLocked(p)
	}
}

// run says on all links that this node lives, whatever the engine keeps the member from.
func (ls *links) run() { ls.m.every(ls.m.timing.Beat, ls.beat) }

func (ls *links) beat() {
	for _, p := range *ls.m.up.Load() {
		if c := p.link.Load(); c != nil {
			_ = c.link.Beat(uint64(ls.m.clock.Now()))
		}
	}
}

// leave says goodbye on every link, behind all packets, and waits a moment until the other sides have ended them.
func (ls *links) leave(ctx context.Context) {
	ls.shut()
	for _, p := range *ls.m.up.Load() {
		switch c := p.inbound.Load(); {
		case c == nil:
		case c.opened.Load() && c.link.Goodbye(uint64(ls.m.clock.Now())) == nil:
		default:
			c.link.Close(errStopping) // what it holds goes by the engine
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	over := make(chan struct{})
	go func() {
		defer close(over)
		ls.running.Wait()
	}()
	select {
	case <-over:
	case <-ctx.Done():
		ls.cut()
		<-over
	}
}

// shut lets no further link stand.
func (ls *links) shut() {
	ls.mu.Lock()
	ls.closed = true
	ls.mu.Unlock()
	ls.cancel()
	if ls.door != nil {
		ls.door.Close()
	}
}

// cut ends all links at once.
func (ls *links) cut() {
	ls.m.mu.Lock()
	defer ls.m.mu.Unlock()
	for _, p := range ls.m.peers {
		if c := p.inbound.Load(); c != nil {
			c.link.Close(errStopping)
		}
	}
}

// flapping closes links at random, for tests.
func (ls *links) flapping() {
	for {
		select {
		case <-ls.ctx.Done():
			return
		case <-time.After(rand.N(2 * ls.flap)):
		}
		for _, p := range *ls.m.up.Load() { // in random order
			if c := p.link.Load(); c != nil {
				c.link.Close(errFlap)

				break
			}
		}
	}
}

// door is what this node's meetings tell of its links.
func (m *member) door() door {
	if m.links == nil {
		return door{}
	}

	return m.links.advert
}
