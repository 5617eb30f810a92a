package gateway

import "sync"

const (
	// readSize is the room for one read call, in bytes.
	readSize = 16 << 10
	// smallChunkSize is the buffer of a connection that waits for the rest of a frame of which
	// little has come.
	smallChunkSize = 1 << 10
	// maxPooledChunk bounds the buffers that return to a pool.
	maxPooledChunk = 128 << 10
)

// chunk is a pooled buffer.
type chunk struct{ b []byte }

// Buffers by size: for the start of a frame, for a read call, for a long frame.
var (
	smallChunks = sync.Pool{New: func() any { return &chunk{make([]byte, smallChunkSize)} }}
	readChunks  = sync.Pool{New: func() any { return &chunk{make([]byte, readSize)} }}
	largeChunks sync.Pool
)

func newChunk(size int) *chunk {
	switch {
	case size <= smallChunkSize:
		return smallChunks.Get().(*chunk) //nolint:forcetypeassert // nothing else is in it
	case size <= readSize:
		return readChunks.Get().(*chunk) //nolint:forcetypeassert // nothing else is in it
	}
	if c, _ := largeChunks.Get().(*chunk); c != nil && len(c.b) >= size {
		return c
	}

	return &chunk{make([]byte, size)}
}

func (c *chunk) recycle() {
	switch n := len(c.b); {
	case n == smallChunkSize:
		smallChunks.Put(c)
	case n == readSize:
		readChunks.Put(c)
	case n > readSize && n <= maxPooledChunk:
		largeChunks.Put(c)
	}
}

// readBuffer holds what has arrived from a client and is not handled yet. It holds a chunk only
// while it is not empty. Owned by the reader of the session.
type readBuffer struct {
	chunk *chunk
	r, w  int // chunk.b[r:w] is not handled
}

// bytes is what has arrived and is not handled.
func (in *readBuffer) bytes() []byte {
	if in.chunk == nil {
		return nil
	}

	return in.chunk.b[in.r:in.w]
}

// consume removes the first n bytes. They stay valid until the next call of space.
func (in *readBuffer) consume(n int) { in.r += n }

// space is where to read the next bytes; commit adds them. Most is the length of the longest frame:
// the buffer has room for one.
func (in *readBuffer) space(most int) []byte {
	have := in.w - in.r
	switch {
	case in.chunk == nil:
		in.chunk = newChunk(readSize)
	case have == len(in.chunk.b) && have >= readSize: // a long frame
		in.resize(max(most, 2*have))
	case len(in.chunk.b) < readSize:
		in.resize(readSize)
	case in.r > 0:
		copy(in.chunk.b, in.chunk.b[in.r:in.w])
		in.r, in.w = 0, have
	}

	return in.chunk.b[in.w:]
}

// commit adds the n bytes that were read to space.
func (in *readBuffer) commit(n int) { in.w += n }

// shrink keeps the smallest chunk that holds the bytes.
func (in *readBuffer) shrink() {
	switch have := in.w - in.r; {
	case in.chunk == nil:
	case have == 0:
		in.free()
	case have <= smallChunkSize && len(in.chunk.b) > smallChunkSize:
		in.resize(smallChunkSize)
	}
}

func (in *readBuffer) resize(size int) {
	c := newChunk(size)
	n := copy(c.b, in.bytes())
	in.chunk.recycle()
	in.chunk, in.r, in.w = c, 0, n
}

func (in *readBuffer) free() {
	if in.chunk != nil {
		in.chunk.recycle()
	}
	*in = readBuffer{}
}
