package netio

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

// ReadBuffer holds what has arrived on a connection and is not handled yet. It holds a pooled chunk
// only while it is not empty, or until Shrink. The zero value is empty. Owned by one goroutine.
//
//	Space ─▶ read ─▶ Commit ─▶ Bytes ─▶ handle ─▶ Consume
type ReadBuffer struct {
	chunk *chunk
	r, w  int // chunk.b[r:w] is not handled
}

// Bytes is what has arrived and is not handled.
func (b *ReadBuffer) Bytes() []byte {
	if b.chunk == nil {
		return nil
	}

	return b.chunk.b[b.r:b.w]
}

// Len is the number of those bytes.
func (b *ReadBuffer) Len() int { return b.w - b.r }

// Consume removes the first n bytes. They stay valid until the next call of Space.
func (b *ReadBuffer) Consume(n int) { b.r += n }

// Space is where to read the next bytes; Commit adds them. A buffer that is full of one frame grows
// to the length of the longest, or to twice its size if that is more or not known (0).
func (b *ReadBuffer) Space(longest int) []byte {
	have := b.Len()
	switch {
	case b.chunk == nil:
		b.chunk = newChunk(readSize)
	case have == 0 && len(b.chunk.b) != readSize: // a long frame is through
		b.resize(readSize)
	case have == len(b.chunk.b) && have >= readSize:
		b.resize(max(longest, 2*have))
	case len(b.chunk.b) < readSize:
		b.resize(readSize)
	case b.r > 0:
		copy(b.chunk.b, b.chunk.b[b.r:b.w])
		b.r, b.w = 0, have
	}

	return b.chunk.b[b.w:]
}

// Commit adds the n bytes that were read to Space.
func (b *ReadBuffer) Commit(n int) { b.w += n }

// Append adds bytes that were read elsewhere.
func (b *ReadBuffer) Append(p []byte, longest int) {
	for len(p) > 0 {
		n := copy(b.Space(longest), p)
		b.Commit(n)
		p = p[n:]
	}
}

// Empty reports whether the buffer holds no memory.
func (b *ReadBuffer) Empty() bool { return b.chunk == nil }

// Shrink keeps the smallest chunk that holds the bytes. It is called before a wait.
func (b *ReadBuffer) Shrink() {
	switch have := b.Len(); {
	case b.chunk == nil:
	case have == 0:
		b.Free()
	case have <= smallChunkSize && len(b.chunk.b) > smallChunkSize:
		b.resize(smallChunkSize)
	}
}

func (b *ReadBuffer) resize(size int) {
	c := newChunk(size)
	n := copy(c.b, b.Bytes())
	b.chunk.recycle()
	b.chunk, b.r, b.w = c, 0, n
}

// Free drops all that is held.
func (b *ReadBuffer) Free() {
	if b.chunk != nil {
		b.chunk.recycle()
	}
	*b = ReadBuffer{}
}
