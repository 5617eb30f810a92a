package client

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/wire"
)

const (
	outboxLimit = 1 << 20   // bytes that may wait; one frame more is let in
	outboxKeep  = 256 << 10 // a larger buffer is not kept for the next time
)

// outbox is the queue of frames of one connection, and a netio.Queue: a sender that adds a frame
// while no goroutine writes tries to write it at once, if the transport can do that without
// waiting. What has to wait goes to the connection's writing goroutine (run). So a lone frame costs
// no change of goroutines, many together cost one system call a batch, and no caller waits for the
// network while it holds other callers' frames.
type outbox struct {
	tr      transport
	clock   func() time.Duration
	wake    chan struct{} // holds one: run has work
	flushed chan struct{} // closed when run is over

	// Owned by the writer.
	batch  []byte // taken from the queue
	off    int    // bytes of batch that are written
	failed error  // of a write that waited

	mu      sync.Mutex
	queue   []byte        // guarded by mu: frames that no writer has taken
	spare   []byte        // guarded by mu: the buffer for the next queue
	writing bool          // guarded by mu: there is a writer
	last    bool          // guarded by mu: finish was called, nothing may follow
	room    chan struct{} // guarded by mu: closed when queue is taken; nil while no sender waits for that

	sent  atomic.Int64 // clock when bytes were last handed to the operating system
	since atomic.Int64 // clock when the write under way that may wait began, 0 without one
}

func (o *outbox) init(tr transport, clock func() time.Duration) {
	o.tr, o.clock = tr, clock
	o.wake = make(chan struct{}, 1)
	o.flushed = make(chan struct{})
	o.sent.Store(int64(clock()))
}

// add queues f, its payload being peer (if not empty) and then f.Payload. A channel that is not nil
// means that the queue is full and that it will be worth to try again when the channel is closed.
// It tells no when the connection takes no more frames; this one was not sent.
func (o *outbox) add(f wire.Frame, peer string) (room <-chan struct{}, ok bool) {
	o.mu.Lock()
	if o.last {
		o.mu.Unlock()

		return nil, false
	}
	if len(o.queue) >= outboxLimit {
		defer o.mu.Unlock()
		if o.room == nil {
			o.room = make(chan struct{})
		}

		return o.room, true
	}
	o.queue = appendRequest(o.queue, f, peer)
	if o.writing {
		o.mu.Unlock()

		return nil, true
	}
	o.writing = true
	o.mu.Unlock()
	netio.Combine(o, o.Next(0, nil, false), false)

	return nil, true
}

// appendRequest appends a frame whose payload comes in two pieces.
func appendRequest(dst []byte, f wire.Frame, peer string) []byte {
	if peer == "" {
		return wire.AppendFrame(dst, f)
	}
	start, msg := len(dst), f.Payload
	f.Payload = nil
	dst = wire.AppendPeer(wire.AppendFrame(dst, f), peer)
	dst = append(dst, msg...)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-wire.LengthSize))

	return dst
}

// finish queues the connection's last frame.
func (o *outbox) finish(f wire.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last {
		return
	}
	o.queue = wire.AppendFrame(o.queue, f)
	o.last = true
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	if !o.writing {
		o.writing = true
		o.wakeUp()
	}
}

// Next implements netio.Queue. A write that waits sees an error of one that did not again.
func (o *outbox) Next(n int, err error, mayWait bool) netio.Piece {
	if n > 0 {
		o.off += n
		o.sent.Store(int64(o.clock()))
	}
	if mayWait {
		o.since.Store(0)
		if err != nil {
			o.failed = err

			return netio.Piece{}
		}
	}
	if o.off == len(o.batch) && !o.take() {
		return netio.Piece{}
	}
	if mayWait {
		o.since.Store(int64(o.clock()))
	}

	return netio.Piece{To: o.tr, Bytes: o.batch[o.off:]}
}

// take makes all that waits the batch of the writer. It returns false if that is nothing: then the
// caller is no longer the writer.
func (o *outbox) take() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if cap(o.batch) <= outboxKeep && cap(o.batch) > cap(o.spare) {
		o.spare = o.batch[:0]
	}
	o.batch, o.off = nil, 0
	if len(o.queue) == 0 {
		if o.writing = false; o.last {
			o.wakeUp() // run ends
		}

		return false
	}
	o.batch, o.queue, o.spare = o.queue, o.spare[:0], nil
	if o.room != nil {
		close(o.room)
		o.room = nil
	}

	return true
}

// Continue implements netio.Queue.
func (o *outbox) Continue() { o.wakeUp() }

// run writes what is left for it, until the last frame is written, a write fails or done is closed.
func (o *outbox) run(done <-chan struct{}) error {
	defer close(o.flushed)
	for {
		select {
		case <-done:
			return nil
		case <-o.wake:
		}
		netio.Combine(o, o.Next(0, nil, true), true)
		if o.failed != nil {
			return o.failed
		}
		if o.finished() {
			o.tr.closeWrite()

			return nil
		}
	}
}

// finished tells whether the last frame is written.
func (o *outbox) finished() bool {
	o.mu.Lock()
	defer o.mu.Unlock()

	return o.last && !o.writing
}

func (o *outbox) wakeUp() {
	select {
	case o.wake <- struct{}{}:
	default: // it has been told
	}
}
