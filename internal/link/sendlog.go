package link

import (
	"sync"
	"time"
)

const (
	// segmentSize is the room of a pooled segment. A longer packet gets a segment of its own.
	segmentSize = 64 << 10
	// pieceSize is how much is encrypted and written with one call.
	pieceSize = 256 << 10
	// maxMarks bounds the remembered sending times: Failure divided by Tick, and as much again.
	maxMarks = 64
)

// segment holds frames in the order of the link. Its buffer never moves: senders append while the
// writer reads what stands before.
type segment struct {
	buf         []byte
	first, last uint64 // numbers of its first and last numbered frames; last < first: none yet
}

var segments = sync.Pool{New: func() any { return &segment{buf: make([]byte, 0, segmentSize)} }}

// sendLog keeps the frames of a link from Send until they are acknowledged, for whatever
// connections have to carry them. The writer's position divides it:
//
//	acknowledged │ written, kept for a resume │ not written
//	     dropped │ segs[0] ...                │ segs[w].buf[off:] ... segs[len-1]
//
// Each run of frames that is written in one piece begins with room for an ack, which is filled in
// when the piece is taken. An ack that is sent again says less than a newer one, which does no
// harm.
//
// All fields are guarded by the link's mu.
type sendLog struct {
	segs  []*segment
	w     int      // the segment that is written next
	off   int      // bytes of segs[w] that were taken
	busy  *segment // the writer reads it; nil: none
	spare *segment // for the next one; may be nil

	bytes   int    // held by segs
	pending int    // bytes not taken
	last    uint64 // number of the newest frame
	acked   uint64
	taken   uint64 // number of the newest frame that this connection has, or is about to have
	marks   []mark // of frames not acknowledged, in order
}

// mark says that frames from first on were sent at that time or later.
type mark struct {
	first uint64
	at    time.Duration
}

// append adds a frame.
func (g *sendLog) append(kind, port uint8, payload []byte) {
	need := ackSize + headSize + len(payload)
	var s *segment
	if n := len(g.segs); n > 0 && cap(g.segs[n-1].buf)-len(g.segs[n-1].buf) >= need {
		s = g.segs[n-1]
	} else {
		s = g.grow(need)
	}
	before := len(s.buf)
	if before == 0 || g.pending == 0 {
		s.buf = appendAck(s.buf, 0)
	}
	s.buf = appendFrame(s.buf, kind, port, payload)
	g.bytes += len(s.buf) - before
	g.pending += len(s.buf) - before
	if kind != kindGoodbye {
		g.last++
		s.last = g.last
	}
}

// grow adds a segment with room for need bytes.
func (g *sendLog) grow(need int) *segment {
	var s *segment
	switch {
	case need > segmentSize:
		s = &segment{buf: make([]byte, 0, need)}
	case g.spare != nil:
		s, g.spare = g.spare, nil
	default:
		s, _ = segments.Get().(*segment)
	}
	s.buf, s.first, s.last = s.buf[:0], g.last+1, g.last
	g.segs = append(g.segs, s)

	return s
}

// take returns the next piece to write, which begins with an ack of that count if withAck is set
// and the piece has room for one. It is valid until done. Nil: nothing is pending.
func (g *sendLog) take(count uint64, withAck bool, now time.Duration) (piece []byte, acks bool) {
	if g.pending == 0 {
		return nil, false
	}
	g.advance()
	s := g.segs[g.w]
	piece = s.buf[g.off:min(len(s.buf), g.off+pieceSize)]
	g.off += len(piece)
	g.pending -= len(piece)
	if g.taken < s.last {
		if n := len(g.marks); n == 0 || g.marks[n-1].at < now && n < maxMarks {
			g.marks = append(g.marks, mark{g.taken + 1, now})
		}
		g.taken = s.last
	}
	g.busy = s
	// A piece begins with a whole frame, but for the later ones of a long packet's own segment.
	if (len(s.buf) <= segmentSize || g.off == len(piece)) && len(piece) >= ackSize && piece[lengthSize] == kindAck {
		setAck(piece, count)
		if acks = withAck; !acks {
			piece = piece[ackSize:]
		}
	}

	return piece, acks
}

// advance moves the position from the end of a segment to the next one.
func (g *sendLog) advance() {
	for g.w < len(g.segs)-1 && g.off == len(g.segs[g.w].buf) {
		g.w++
		g.off = 0
	}
}

// done is called when the writer has read the piece.
func (g *sendLog) done() {
	if g.busy != nil && g.acked == g.last {
		g.busy = nil
		g.drop()
	}
	g.busy = nil
}

// acknowledge drops frames up to that number. At is a time not later than the one at which the
// newest of them was sent; 0 if none is known. It returns false for a number that was never sent.
func (g *sendLog) acknowledge(count uint64) (at time.Duration, ok bool) {
	if count > g.taken {
		return 0, false
	}
	if count <= g.acked {
		return 0, true
	}
	g.acked = count
	n := 0
	for ; n < len(g.marks) && g.marks[n].first <= count; n++ {
		at = g.marks[n].at
	}
	if n > 1 { // the last of them stays: it may tell of frames behind count
		g.marks = append(g.marks[:0], g.marks[n-1:]...)
	}
	g.drop()

	return at, true
}

// drop frees segments whose frames are all acknowledged and taken.
func (g *sendLog) drop() {
	g.advance()
	n := 0
	for ; n < len(g.segs); n++ {
		s := g.segs[n]
		if s.last > g.acked || n > g.w || n == g.w && g.off < len(s.buf) {
			break
		}
		if n == len(g.segs)-1 && cap(s.buf) <= segmentSize { // the open one begins anew
			if s != g.busy {
				g.bytes -= len(s.buf)
				s.buf, s.first, s.last = s.buf[:0], g.last+1, g.last
				g.off = 0
			}

			break
		}
		g.bytes -= len(s.buf)
		g.recycle(s)
	}
	if n > 0 {
		copy(g.segs, g.segs[n:])
		clear(g.segs[len(g.segs)-n:])
		g.segs = g.segs[:len(g.segs)-n]
		if g.w -= n; len(g.segs) == 0 {
			g.w, g.off = 0, 0
		}
	}
	if g.last == g.acked {
		g.marks = g.marks[:0]
	}
}

func (g *sendLog) recycle(s *segment) {
	switch {
	case s == g.busy || cap(s.buf) > segmentSize: // the collector has it when the writer lets go of it
	case g.spare == nil:
		g.spare = s
	default:
		segments.Put(s)
	}
}

// rewind drops what the other side has received, and has everything behind it written again. It
// returns how many frames that are, and false for a count that cannot be.
func (g *sendLog) rewind(received uint64) (again uint64, ok bool) {
	if received < g.acked || received > g.taken {
		return 0, false
	}
	again = g.taken - received
	g.acked, g.taken = received, received
	g.marks = g.marks[:0]
	// Segments are freed only when they were taken: set the position behind what is acknowledged
	// first.
	g.w, g.off, g.pending = len(g.segs), 0, 0
	for i, s := range g.segs {
		if s.last <= received && i < len(g.segs)-1 {
			continue
		}
		g.w, g.off = i, s.after(received)
		g.pending = len(s.buf) - g.off
		for _, later := range g.segs[i+1:] {
			g.pending += len(later.buf)
		}

		break
	}
	g.drop()

	return again, true
}

// after finds the offset behind the frame with that number and the unnumbered ones before the next.
func (s *segment) after(number uint64) int {
	off, at := 0, s.first-1
	for off < len(s.buf) {
		f, n, err := splitFrame(s.buf[off:], len(s.buf))
		if err != nil || n == 0 { // they are our own
			panic("link: a kept frame is malformed")
		}
		if f.numbered() {
			if at >= number {
				return off
			}
			at++
		} else if f.kind == kindGoodbye {
			return off
		}
		off += n
	}

	return off
}

// clear frees everything.
func (g *sendLog) clear() {
	for _, s := range g.segs {
		g.recycle(s)
	}
	if g.spare != nil {
		segments.Put(g.spare)
	}
	busy := g.busy
	*g = sendLog{last: g.last, acked: g.acked, taken: g.taken, busy: busy}
}
