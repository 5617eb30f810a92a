package client

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/wire"
)

const (
	outboxLimit = 1 << 20   // bytes that may wait; one frame more is let in
	outboxKeep  = 256 << 10 // a larger buffer is not kept for the next time
)

// outbox combines the writes of one connection. A sender that adds a frame while no goroutine
// writes tries to write it at once, if the transport can do that without waiting. A frame that is
// added meanwhile is left for the writer; what that one finds behind its own goes to the
// connection's writing goroutine (run), many frames in one system call. So a lone frame costs no
// change of goroutines, many together cost one system call a batch, and no caller waits for the
// network while it holds other callers' frames.
type outbox struct {
	tr      transport
	try     tryWriter // tr, or nil if it cannot
	clock   func() time.Duration
	wake    chan struct{} // holds one: run has work
	flushed chan struct{} // closed when run is over

	mu      sync.Mutex
	queue   []byte        // guarded by mu: frames that no writer has taken
	spare   []byte        // guarded by mu: the buffer for the next queue
	rest    []byte        // guarded by mu: what tryWrite left over; goes before queue
	writing bool          // guarded by mu: a goroutine writes, or run has been woken to
	last    bool          // guarded by mu: finish was called, nothing may follow
	room    chan struct{} // guarded by mu: closed when queue is taken; nil while no sender waits for that

	sent  atomic.Int64 // clock when bytes were last handed to the operating system
	since atomic.Int64 // clock when the write under way began, 0 without one
}

func (o *outbox) init(tr transport, clock func() time.Duration) {
	o.tr, o.clock = tr, clock
	o.try, _ = tr.(tryWriter)
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
	if o.try == nil {
		o.mu.Unlock()
		o.wakeUp()

		return nil, true
	}
	batch := o.takeLocked()
	o.mu.Unlock()

	n := o.try.tryWrite(batch)
	o.sent.Store(int64(o.clock()))
	o.handOver(batch, n)

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

// handOver ends an attempt that wrote the first n bytes of batch: run gets what is left of it and
// what came meanwhile.
func (o *outbox) handOver(batch []byte, n int) {
	o.mu.Lock()
	if n == len(batch) && len(o.queue) == 0 {
		o.writing = false
		o.keepLocked(batch)
		o.mu.Unlock()

		return
	}
	o.rest = batch[n:]
	o.mu.Unlock()
	o.wakeUp()
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

// run writes what is left for it, until the last frame is written, a write fails or done is closed.
func (o *outbox) run(done <-chan struct{}) error {
	defer close(o.flushed)
	for {
		select {
		case <-done:
			return nil
		case <-o.wake:
		}
		finished, err := o.flush()
		if err != nil {
			return err
		}
		if finished {
			o.tr.closeWrite()

			return nil
		}
	}
}

// flush writes until nothing is left and tells whether anything may follow.
func (o *outbox) flush() (finished bool, err error) {
	for {
		o.mu.Lock()
		batch := o.rest
		if o.rest = nil; len(batch) == 0 {
			batch = o.takeLocked()
		}
		if len(batch) == 0 {
			o.writing = false
			o.keepLocked(batch)
			finished = o.last
			o.mu.Unlock()

			return finished, nil
		}
		o.mu.Unlock()

		o.since.Store(int64(o.clock()))
		err := o.tr.write(batch)
		o.since.Store(0)
		if err != nil {
			return false, err
		}
		o.sent.Store(int64(o.clock()))
		o.mu.Lock()
		o.keepLocked(batch)
		o.mu.Unlock()
	}
}

// takeLocked takes all that waits.
func (o *outbox) takeLocked() []byte {
	batch := o.queue
	o.queue, o.spare = o.spare[:0], nil
	if o.room != nil {
		close(o.room)
		o.room = nil
	}

	return batch
}

// keepLocked makes a batch that is written the buffer for a later one.
func (o *outbox) keepLocked(batch []byte) {
	if cap(batch) <= outboxKeep && cap(batch) > cap(o.spare) {
		o.spare = batch[:0]
	}
}

func (o *outbox) wakeUp() {
	select {
	case o.wake <- struct{}{}:
	default: // it has been told
	}
}
