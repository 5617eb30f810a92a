package netio

// fitStep is what Fit rounds up to.
const fitStep = 1 << 10

// Fit keeps memory for the bytes that have arrived and little more, which does not return to a
// pool: for connections of which many may wait in the middle of a frame.
func (b *ReadBuffer) Fit() {
	if b.chunk == nil {
		return
	}
	size := (b.Len() + fitStep - 1) / fitStep * fitStep
	if size >= len(b.chunk.b) {
		return
	}
	c := &chunk{make([]byte, size)}
	n := copy(c.b, b.Bytes())
	b.chunk.recycle()
	b.chunk, b.r, b.w = c, 0, n
}

// Size is the memory that the buffer holds, in bytes.
func (b *ReadBuffer) Size() int {
	if b.chunk == nil {
		return 0
	}

	return len(b.chunk.b)
}
