package gateway

import (
	"sync"

	"github.com/parley-dm/parley/internal/sessions"
)

const (
	// batchBytes is how much one write call is given, a single longer frame excepted.
	batchBytes = 64 << 10
	// newBatchBytes is what a fresh batch begins with.
	newBatchBytes = 4 << 10
	// keepBatchBytes and keepBatchFrames bound what a batch that returns to the pool holds on to.
	keepBatchBytes  = 128 << 10
	keepBatchFrames = 2048
)

// mark is the end of a frame in a batch, and who wants to know when it is written.
type frameEnd struct {
	offset int
	done   sessions.Done // may be nil
}

// batch is a run of encoded frames that is written with one call. Batches are reused.
type writeBatch struct {
	b        []byte
	off      int        // b[:off] was taken by the operating system
	frames   []frameEnd // one for each frame
	reported int        // marks[:told] are done with
	next     *writeBatch
}

var writeBatches = sync.Pool{New: func() any { return &writeBatch{b: make([]byte, 0, newBatchBytes)} }}

func newWriteBatch() *writeBatch { return writeBatches.Get().(*writeBatch) } //nolint:forcetypeassert // nothing else is in it

// recycle gives back a batch whose marks have all been told.
func (b *writeBatch) recycle() {
	if cap(b.b) > keepBatchBytes || cap(b.frames) > keepBatchFrames {
		return
	}
	clear(b.frames)
	*b = writeBatch{b: b.b[:0], frames: b.frames[:0]}
	writeBatches.Put(b)
}

// rest is what has not been written.
func (b *writeBatch) unwritten() []byte { return b.b[b.off:] }

// wrote notes that n more bytes are written, tells those whose frames that completes, and returns
// how many frames they are.
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

// fail tells everybody who has a frame in the batch, or in those behind it, that it was not
// written.
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
//	encode ▶ tail ◀─ next ─ head ── take ▶ one batch in the writer's hands ── wrote ▶
//	       └──────────── bytes, frames: all of these ───────────┘
type outbox struct {
	head, tail *writeBatch // wait
	bytes      int         // encoded and not written, what the writer has in hand included
	frames     int
}

// room tells whether a frame of n bytes fits.
func (o *outbox) hasRoom(n, maxBytes, maxFrames int) bool {
	return o.bytes+n <= maxBytes && o.frames < maxFrames
}

// batchFor is the batch to which the next frame, of n bytes, is to be appended. After that comes
// added.
func (o *outbox) batchFor(n int) *writeBatch {
	if o.tail == nil || len(o.tail.b)+n > batchBytes {
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

// added notes that a frame was appended to b, which was start bytes long before.
func (o *outbox) frameAdded(b *writeBatch, start int, done sessions.Done) {
	b.frames = append(b.frames, frameEnd{offset: len(b.b), done: done})
	o.bytes += len(b.b) - start
	o.frames++
}

// prepend puts a batch of one frame in front of all that waits.
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

// take gives the writer the batch that is next, nil if there is none.
func (o *outbox) pop() *writeBatch {
	b := o.head
	if b == nil {
		return nil
	}
	o.head, b.next = b.next, nil
	if o.head == nil {
		o.tail = nil
	}

	return b
}

// gone notes that so much has left the outbox.
func (o *outbox) remove(bytes, frames int) {
	o.bytes -= bytes
	o.frames -= frames
}

// drop empties the outbox, but for what the writer has in hand, and returns what was in it: call
// fail on it, without a lock.
func (o *outbox) drop() *writeBatch {
	dropped := o.head
	for b := dropped; b != nil; b = b.next {
		o.remove(len(b.b), len(b.frames))
	}
	o.head, o.tail = nil, nil

	return dropped
}
