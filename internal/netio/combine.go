package netio

import "time"

// Combining. A goroutine that adds to a queue becomes the queue's writer if there is none, and
// writes at once, without waiting. What others add meanwhile is written by the same writer: under
// load one call carries much, without load no goroutine is switched to. What the system does not
// accept at once goes on in a goroutine that may wait.
//
//	add ─▶ no writer: Combine ─▶ TryWrite ─all accepted─▶ Next ─▶ ... ─▶ nothing left: no writer
//	                                  └──── not all ────▶ Continue: a goroutine that waits

// Queue is what a writer writes. It knows the piece that the writer has in hand, and that there is
// a writer; both methods are called by the writer alone.
type Queue interface {
	// Next counts what the latest call of the stream has written, and returns what follows it. A
	// Piece without a stream ends the writer: another goroutine may become it at any time. MayWait
	// reports whether the caller may wait. A goroutine that goes on after Continue begins with
	// Next(0, nil, true).
	Next(n int, err error, mayWait bool) Piece
	// Continue hands the writer's role to a goroutine that may wait. The piece in hand is for it.
	Continue()
}

// Piece is bytes to write, where to, and for how long the stream may accept nothing.
type Piece struct {
	To       Stream // nil: nothing
	Bytes    []byte
	Patience time.Duration // see Conn.Write
}

// Stream is what a Queue writes to: a *Conn, or what does the same.
type Stream interface {
	NonBlocking() bool
	TryWrite(p []byte) (n int, err error)
	Write(p []byte, patience time.Duration) (n int, err error)
}

// maxPieces is how many pieces are written by a goroutine that added something.
const maxPieces = 16

// Combine writes a queue, beginning with p, until nothing is left. Without mayWait it does not
// wait. The caller is the queue's writer, and is not when Combine returns.
func Combine(q Queue, p Piece, mayWait bool) {
	short := false
	for pieces := 0; p.To != nil; pieces++ {
		var n int
		var err error
		switch {
		case mayWait:
			n, err = p.To.Write(p.Bytes, p.Patience)
		case short || pieces == maxPieces || !p.To.NonBlocking():
			q.Continue()

			return
		default:
			n, err = p.To.TryWrite(p.Bytes)
			short = n < len(p.Bytes)
		}
		p = q.Next(n, err, mayWait)
	}
}
