package netio

// Source is where a Conn reads to.
type Buffer interface {
	// Space is where the next bytes go. It is asked for at the latest moment, and must have room
	// for one byte at least.
	Space() []byte
	// Release is called before the reader waits: what it holds, it holds for long perhaps.
	Release()
}

// Batch is told when a [Loop] begins to tell of several connections in a row, and when it has. It
// must not block.
type BatchObserver interface {
	Begin()
	End()
}
