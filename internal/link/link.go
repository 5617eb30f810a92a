package link

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// Link is the FIFO between this node and another, whatever TCP connections carry it. Its methods
// are safe for use by several goroutines.
type Link struct {
	e      *Endpoint
	peer   *peer
	number uint64

	addr       string // where the peer is dialed for a resume; fixed
	advertised string // fixed

	heard     atomic.Int64  // clock; when something was last received
	wroteAt   atomic.Int64  // clock; when something was last written, at least approximately
	lease     atomic.Int64  // clock; suspended from then on; never while the connection is broken. Written with mu held
	connected atomic.Bool   // written with mu held
	received  atomic.Uint64 // numbered frames; written by the holder of the peer's token
	attempt   atomic.Uint64 // of the handshake that made source, or a newer one; as received

	// Owned by the holder of the peer's token.
	source   *conn  // what it brings is handled; nil: nothing is
	deferred []byte // frames that came while the link was suspended

	mu      sync.Mutex
	ended   bool          // guarded by mu
	conn    *conn         // guarded by mu; nil: broken, or ended and silent
	log     sendLog       // guarded by mu
	basis   time.Duration // guarded by mu; clock; the newest packet acknowledged was sent then, or later
	told    uint64        // guarded by mu; the count of the last ack written
	ackNow  bool          // guarded by mu
	eager   bool          // guarded by mu; the first packet of this connection is to be acknowledged at once
	writing bool          // guarded by mu; one goroutine is the writer
	corked  bool          // guarded by mu; the reader handles what has arrived, and flushes before it waits
	urgent  bool          // guarded by mu; something pending is not low priority
	beating bool          // guarded by mu; a beat is pending, which no cork holds up
	inCork  bool          // guarded by mu; in the list of the node's cork, whose End has it written
	half    bool          // guarded by mu; the goodbye is written, and the connection half closed
	late    *time.Timer   // guarded by mu; writes what is low priority
	armed   bool          // guarded by mu; late is to come, and counts in the endpoint's work
	scratch [ackSize]byte // owned by the writer
	written *conn         // owned by the writer; to which it has written last; nil: to none
}

const (
	never   = math.MinInt64
	forever = math.MaxInt64
)

func (e *Endpoint) newLink(p *peer, number uint64, addr, advertised string, now, basis time.Duration) *Link {
	l := &Link{e: e, peer: p, number: number, addr: addr, advertised: advertised, basis: basis}
	l.heard.Store(int64(now))
	l.lease.Store(never)

	return l
}

// Peer is the node at the other end.
func (l *Link) Peer() node.ID { return l.peer.id }

// Addr is the address that the peer advertises.
func (l *Link) Addr() string { return l.advertised }

// Number tells the links of a pair of nodes apart. It is the same at both ends.
func (l *Link) Number() uint64 { return l.number }

// Suspended tells whether the link's connection is broken, or its newest acknowledged packet was
// sent more than Timing.Suspend ago.
func (l *Link) Suspended() bool { return l.suspended(l.e.cfg.Clock()) }

func (l *Link) suspended(now time.Duration) bool { return int64(now) > l.lease.Load() }

// setLeaseLocked is called when basis or conn have changed.
func (l *Link) setLeaseLocked() {
	l.connected.Store(l.conn != nil && !l.ended)
	if l.conn == nil || l.ended {
		l.lease.Store(never)

		return
	}
	l.lease.Store(int64(l.basis + l.e.cfg.Timing.Suspend))
}

// acknowledged drops what the other side has received.
func (l *Link) acknowledged(count uint64, now time.Duration) error {
	l.mu.Lock()
	at, ok := l.log.acknowledge(count)
	was := l.lease.Load()
	if ok && at > l.basis {
		l.basis = at
		l.setLeaseLocked()
	}
	is := l.lease.Load()
	l.mu.Unlock()
	if !ok {
		return ErrProtocol
	}
	if int64(now) > was && int64(now) <= is {
		l.e.leaseChanged()
	}

	return nil
}

// attach makes a connection the link's, whose other side has received that many of its packets.
// Basis is a time before something was sent that the handshake has acknowledged; 0 if nothing is.
// Called with the peer's token held, for a link whose former connection is fenced. It does not
// wait.
func (l *Link) attach(c *conn, received uint64, basis time.Duration) error {
	c.wire.beforeWait = func() { l.uncork(c) }
	_ = c.base.SetDeadline(time.Time{})
	c.link = l
	l.mu.Lock()
	again, ok := l.log.rewind(received)
	if !ok {
		l.mu.Unlock()

		return ErrProtocol
	}
	l.source, l.conn = c, c
	l.told, l.ackNow, l.eager, l.corked, l.half = l.received.Load(), false, true, false, false
	l.basis = max(l.basis, basis)
	l.log.append(kindBeat, 0, nil)
	l.urgent = true
	l.setLeaseLocked()
	l.startReading(c) // Close has not ended the link, so that it does not wait yet
	l.unlockAndWrite(true)
	l.e.count.retransmitted.Add(int64(again))
	l.e.leaseChanged()

	return nil
}

// fence ends the link's connection: what it brought and is not handled will come again. Called with
// the peer's token held.
func (l *Link) fence() {
	l.source = nil
	l.mu.Lock()
	c := l.conn
	l.conn = nil
	l.setLeaseLocked()
	l.mu.Unlock()
	if c != nil {
		c.close()
	}
	l.e.leaseLost()
}

// broke is called for a connection that is at its end.
func (l *Link) broke(c *conn) {
	c.close()
	l.mu.Lock()
	if l.conn != c {
		l.mu.Unlock()

		return
	}
	l.conn = nil
	ended := l.ended
	if ended {
		l.log.clear()
	}
	l.setLeaseLocked()
	l.mu.Unlock()
	if ended {
		return
	}
	l.e.leaseLost()
	l.e.kick(l.peer, true)
}
