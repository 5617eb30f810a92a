package netio

// Buffer is the destination of a Conn's reads.
type Buffer interface {
	// Space returns room for the next bytes, at least one. It is called immediately before each
	// read call.
	Space() []byte
	// Release is called before the reader waits, perhaps for long: it should free unused memory. It
	// returns true if it holds none then, and Space is to be called only once something has
	// arrived.
	Release() (empty bool)
}

// BatchObserver is called around a run of several ready connections that a [Loop] handles in a row:
// Begin before the first, End after the last. Neither may block.
type BatchObserver interface {
	Begin()
	End()
}
