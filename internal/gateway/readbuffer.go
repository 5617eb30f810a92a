package gateway

import "sync"

const (
	// readSize is how much one read call is given room for.
	readSize = 16 << 10
	// stubSize is what a connection holds that waits for the rest of a frame of which little has
	// come.
	stubSize = 1 << 10
	// keepReadSize bounds the buffers that return to a pool.
	keepReadSize = 128 << 10
)

// chunk is a reused buffer.
type chunk struct{ b []byte }

// Buffers by size: for the start of a frame, for a read call, for a long frame.
var (
	stubs  = sync.Pool{New: func() any { return &chunk{make([]byte, stubSize)} }}
	reads  = sync.Pool{New: func() any { return &chunk{make([]byte, readSize)} }}
	larges sync.Pool
)

func newChunk(size int) *chunk {
	switch {
	case size <= stubSize:
		return stubs.Get().(*chunk) //nolint:forcetypeassert // nothing else is in it
	case size <= readSize:
		return reads.Get().(*chunk) //nolint:forcetypeassert // nothing else is in it
	}
	if c, _ := larges.Get().(*chunk); c != nil && len(c.b) >= size {
		return c
	}

	return &chunk{make([]byte, size)}
}

func (c *chunk) recycle() {
	switch n := len(c.b); {
	case n == stubSize:
		stubs.Put(c)
	case n == readSize:
		reads.Put(c)
	case n <= keepReadSize:
		larges.Put(c)
	}
}

// intake is what has arrived from a client and was not handled yet. It holds a buffer only while
// there is something in it. Owned by the goroutine that reads the connection.
type intake struct {
	c    *chunk
	r, w int // c.b[r:w] is not handled
}

// bytes is what has arrived.
func (in *intake) bytes() []byte {
	if in.c == nil {
		return nil
	}

	return in.c.b[in.r:in.w]
}

// handled removes the first n bytes. They stay where they are until the next call of space.
func (in *intake) handled(n int) { in.r += n }

// space is where the next bytes are to be read to; then comes arrived. Most is the length of the
// longest frame: the buffer has room for one.
func (in *intake) space(most int) []byte {
	have := in.w - in.r
	switch {
	case in.c == nil:
		in.c = newChunk(readSize)
	case have == len(in.c.b) && have >= readSize: // a long frame
		in.move(max(most, 2*have))
	case len(in.c.b) < readSize:
		in.move(readSize)
	case in.r > 0:
		copy(in.c.b, in.c.b[in.r:in.w])
		in.r, in.w = 0, have
	}

	return in.c.b[in.w:]
}

func (in *intake) arrived(n int) { in.w += n }

// park makes the intake hold as little as it can while nothing arrives.
func (in *intake) park() {
	switch have := in.w - in.r; {
	case in.c == nil:
	case have == 0:
		in.release()
	case have <= stubSize && len(in.c.b) > stubSize:
		in.move(stubSize)
	}
}

func (in *intake) move(size int) {
	c := newChunk(size)
	n := copy(c.b, in.bytes())
	in.c.recycle()
	in.c, in.r, in.w = c, 0, n
}

func (in *intake) release() {
	if in.c != nil {
		in.c.recycle()
	}
	*in = intake{}
}
