package netio

// Source is where a Conn reads to.
type Source interface {
	// Space is where the next bytes go. It is asked for at the latest moment, and must have room
	// for one byte at least.
	Space() []byte
	// Park is called before the reader waits: what it holds, it holds for long perhaps.
	Park()
}

// Batch is told when a [Loop] begins to tell of several connections in a row, and when it has. It
// must not block.
type Batch interface {
	Begin()
	End()
}
