package link

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/sock"
	"github.com/parley-dm/parley/wire"
)

// Node names one life of one node.
type Node struct {
	Name        string
	Incarnation uint64 // random, never 0
}

// Receiver is what a link hands what arrives to, from one goroutine, one after another. It must not block. Packets are its own only
// until the method returns.
type Receiver interface {
	// Packet receives what the other side gave to Send.
	Packet(port uint8, stamp uint64, packet []byte)
	// Control receives what the other side gave to Control.
	Control(packet []byte)
	// Beat says that the other side lives.
	Beat(stamp uint64)
	// Open says that the other side has called Open: it is ready for our packets.
	Open()
	// Goodbye says that the other side has stopped, and that nothing more comes. The link ends.
	Goodbye(stamp uint64)
}

// Errors of a link. Test with errors.Is.
var (
	// ErrClosed: the link has ended. What it was given now is not sent.
	ErrClosed = errors.New("link: closed")
	// ErrOverloaded: what waits to be written has reached its bound.
	ErrOverloaded = errors.New("link: the queue is full")
)

// Link is an authenticated connection between two nodes. It begins on hold: packets wait until Release. Its methods are safe for use by several
// goroutines, but for Run.
type Link struct {
	peer  Node
	id    uint64
	conn  net.Conn // what frames go through
	base  net.Conn // the network connection beneath: closing it never waits
	sock  sock.Conn
	limit int // longest body
	bound int // bytes that may wait
	tls   bool

	shared *Cork // nil: none

	in intake // owned by Run

	mu      sync.Mutex
	queue   []byte      // guarded by mu; frames that nobody has taken
	spare   []byte      // guarded by mu; the buffer for the next queue
	held    []byte      // guarded by mu; packets that wait for Release
	writing bool        // guarded by mu; somebody writes
	corked  bool        // guarded by mu; the reader hands over what has arrived, and writes what is queued afterwards
	urgent  bool        // guarded by mu; something in queue is waited for
	late    *time.Timer // guarded by mu; writes what nobody waits for; nil until there was some
	armed   bool        // guarded by mu; late is to come, and counts as one of drains
	hold    bool        // guarded by mu
	last    bool        // guarded by mu; a goodbye is queued: nothing may follow
	waits   bool        // guarded by mu; for the End of the node's cork
	closed  bool        // guarded by mu
	why     error       // guarded by mu; of Close

	inHand atomic.Int64 // bytes of the writer that are not written
	drains sync.WaitGroup
}

// Peer is the node at the other end.
func (l *Link) Peer() Node { return l.peer }

// ID is the same at both ends and different for each link.
func (l *Link) ID() uint64 { return l.id }

// Secured tells whether the link is encrypted.
func (l *Link) Secured() bool { return l.tls }

// Close ends the link at once. What waits is not written. Err is what Run returns; the first call counts.
func (l *Link) Close(err error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()

		return
	}
	l.closed, l.why = true, err
	l.queue, l.spare = nil, nil
	if l.armed && l.late.Stop() {
		l.armed = false
		l.drains.Done()
	}
	l.mu.Unlock()
	_ = l.base.Close()
}

// TakeHeld removes from a link that is closed the packets that were held until its end, and calls f with each, in order.
func (l *Link) TakeHeld(f func(port uint8, packet []byte)) {
	l.mu.Lock()
	if !l.closed {
		l.mu.Unlock()

		return
	}
	held := l.held
	l.held = nil
	l.mu.Unlock()
	for len(held) > 0 {
		body, n, err := wire.Split(held, l.limit)
		if err != nil || n == 0 { // they are our own
			panic("link: held packets are malformed")
		}
		held = held[n:]
		f(body[3], body[wire.HeaderSize+stampSize:])
	}
}
