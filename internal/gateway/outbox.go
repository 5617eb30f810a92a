package gateway

import (
	"sync"

	"github.com/parley-dm/parley/internal/sessions"
)

const (
	// batchBytes bounds one write call, a single longer frame excepted.
	batchBytes = 64 << 10
	// newBatchBytes is the capacity of a fresh batch.
	newBatchBytes = 4 << 10
	// keepBatchBytes and keepBatchFrames bound the memory of a batch that returns to the pool.
	keepBatchBytes  = 128 << 10
	keepBatchFrames = 2048
)

// frameEnd is where a frame ends in a batch, and the Done to call once it is written.
type frameEnd struct {
	offset int
	done   sessions.Done // may be nil
}

// writeBatch is a run of encoded frames that is written with one call. Batches are pooled.
type writeBatch struct {
	b        []byte
	off      int        // b[:off] was taken by the operating system
	frames   []frameEnd // one for each frame
	reported int        // frames[:reported] have their outcome
	next     *writeBatch
}

var writeBatches = sync.Pool{New: func() any { return &writeBatch{b: make([]byte, 0, newBatchBytes)} }}

func newWriteBatch() *writeBatch { return writeBatches.Get().(*writeBatch) } //nolint:forcetypeassert // nothing else is in it

// recycle returns a batch to the pool, after the outcome of all its frames was reported.
func (b *writeBatch) recycle() {
	if cap(b.b) > keepBatchBytes || cap(b.frames) > keepBatchFrames {
		return
	}
	clear(b.frames)
	*b = writeBatch{b: b.b[:0], frames: b.frames[:0]}
	writeBatches.Put(b)
}

// unwritten is what has not been written.
func (b *writeBatch) unwritten() []byte { return b.b[b.off:] }

// advance counts n more bytes as written, calls Done.Pushed for the frames that they complete, and
// returns their number.
func (b *writeBatch) advance(n int) (frames int) {
	b.off += n
	for b.reported < len(b.frames) && b.frames[b.reported].offset <= b.off {
		m := &b.frames[b.reported]
		b.reported++
		frames++
		if m.done != nil {
			m.done.Pushed(nil)
		}
	}

	return frames
}

// fail reports sessions.ErrClosed for every unwritten frame of the batch and of those behind it.
func (b *writeBatch) fail() {
	for b != nil {
		for _, m := range b.frames[b.reported:] {
			if m.done != nil {
				m.done.Pushed(sessions.ErrClosed)
			}
		}
		next := b.next
		b.recycle()
		b = next
	}
}

// outbox is the queue of frames towards one client. It does no I/O and no locking. The zero value
// is empty and holds no memory.
//
//	encode ▶ tail ◀─ next ─ ... ◀─ next ─ head, which the writer may hold ── advance ▶
//	       └────────────────── bytes, frames: all of these ──────────────────┘
type outbox struct {
	head, tail *writeBatch
	bytes      int // encoded and not written
	frames     int32
	held       bool // the writer has head in hand: nothing is appended to it, and nothing drops it
}

// hasRoom reports whether a frame of n bytes fits.
func (o *outbox) hasRoom(n, maxBytes, maxFrames int) bool {
	return o.bytes+n <= maxBytes && int(o.frames) < maxFrames
}

// batchFor is the batch to append the next frame, of n bytes, to. Call frameAdded after that.
func (o *outbox) batchFor(n int) *writeBatch {
	if o.tail == nil || o.held && o.tail == o.head || len(o.tail.b)+n > batchBytes {
		b := newWriteBatch()
		if o.tail == nil {
			o.head = b
		} else {
			o.tail.next = b
		}
		o.tail = b
	}

	return o.tail
}

// frameAdded counts the frame that was appended to b, which was start bytes long before.
func (o *outbox) frameAdded(b *writeBatch, start int, done sessions.Done) {
	b.frames = append(b.frames, frameEnd{offset: len(b.b), done: done})
	o.bytes += len(b.b) - start
	o.frames++
}

// prepend puts a batch of one frame in front of a queue that no writer holds.
func (o *outbox) prepend(b *writeBatch) {
	b.frames = append(b.frames, frameEnd{offset: len(b.b)})
	o.bytes += len(b.b)
	o.frames++
	b.next = o.head
	o.head = b
	if o.tail == nil {
		o.tail = b
	}
}

// hold gives the writer a batch that is not written, nil if there is none. The one that it had in
// hand, if written, leaves the outbox.
func (o *outbox) hold() *writeBatch {
	if o.held && len(o.head.unwritten()) == 0 {
		o.letGo().recycle()
	}
	o.held = o.head != nil

	return o.head
}

// letGo takes the batch in the writer's hand out of the outbox, without what it counts.
func (o *outbox) letGo() *writeBatch {
	b := o.head
	o.head, b.next = b.next, nil
	o.held = false
	if o.head == nil {
		o.tail = nil
	}

	return b
}

// remove subtracts what has left the outbox.
func (o *outbox) remove(bytes, frames int) {
	o.bytes -= bytes
	o.frames -= int32(frames)
}

// drop empties the outbox, except for the batch in the writer's hand, and returns the dropped
// batches: call fail on them, without a lock.
func (o *outbox) drop() *writeBatch {
	dropped := o.head
	if o.held {
		dropped, o.head.next = o.head.next, nil
		o.tail = o.head
	} else {
		o.head, o.tail = nil, nil
	}
	for b := dropped; b != nil; b = b.next {
		o.remove(len(b.b), len(b.frames))
	}

	return dropped
}
