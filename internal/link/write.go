package link

import (
	"time"

	"github.com/parley-dm/parley/internal/netio"
)

// Writing. A sender appends its frame to the log, and becomes the writer if there is none: see
// netio.Combine. The writer is one for the link, whatever its connection: a frame that is being
// encrypted for a connection that broke is not touched before.
//
// While the reader handles what has arrived the link is corked: answers gather, and the reader
// flushes them before it waits. Low-priority packets (SendLater) wait for the next write, or
// maxLate.

const (
	// corkBytes is how much gathers at most while the link is corked.
	corkBytes = 32 << 10
	// maxLate is how long a low-priority packet waits.
	maxLate = 2 * time.Millisecond
)

// Send queues a packet and has it written. It never blocks. The error is ErrEnded, ErrOverloaded or
// ErrTooLarge; otherwise the packet arrives unless the link ends before.
func (l *Link) Send(port uint8, packet []byte) error { return l.send(port, packet, true) }

// SendLater is Send with low priority: the packet goes, in its turn, with the next write, or after
// 2 ms.
func (l *Link) SendLater(port uint8, packet []byte) error { return l.send(port, packet, false) }

func (l *Link) send(port uint8, packet []byte, urgent bool) error {
	if len(packet) > l.e.cfg.MaxPacket {
		return ErrTooLarge
	}
	l.mu.Lock()
	switch {
	case l.ended:
		l.mu.Unlock()

		return ErrEnded
	case l.log.bytes+len(packet)+headSize > l.e.cfg.QueueBytes:
		l.mu.Unlock()

		return ErrOverloaded
	}
	l.log.append(kindPacket, port, packet)
	if urgent {
		l.urgent = true
	} else {
		l.armLocked()
	}
	l.unlockAndWrite(false)

	return nil
}

// armLocked has low-priority packets written in the end.
func (l *Link) armLocked() {
	if l.armed || l.urgent {
		return
	}
	l.armed = true
	l.e.work.Add(1) // Close waits for it, and does not wait yet: the link has not ended
	if l.late == nil {
		l.late = time.AfterFunc(maxLate, l.writeLate)
	} else {
		l.late.Reset(maxLate)
	}
}

func (l *Link) writeLate() {
	defer l.e.work.Done()
	l.e.cfg.Gate()
	l.mu.Lock()
	l.armed = false
	if l.ended {
		l.mu.Unlock()

		return
	}
	l.urgent = l.log.pending > 0
	l.unlockAndWrite(false)
}

// beat sends an empty packet. A broken link has no use for one.
func (l *Link) beat() {
	l.mu.Lock()
	if l.ended || l.conn == nil {
		l.mu.Unlock()

		return
	}
	if l.log.pending == 0 { // otherwise something is on its way
		l.log.append(kindBeat, 0, nil)
	}
	l.beating = true
	l.unlockAndWrite(true)
}

// uncork writes the answers that have gathered. The reader calls it before it waits, and each
// flushBytes if it does not have to.
func (l *Link) uncork(c *conn) {
	c.handled = 0
	if !c.corked {
		return
	}
	c.corked = false
	l.mu.Lock()
	if l.conn == c {
		l.corked = false
	}
	l.unlockAndWrite(false)
}

// unlockAndWrite is called with mu held. It becomes the writer if there is none and something to
// write. Now: the node's cork does not count.
func (l *Link) unlockAndWrite(now bool) {
	if l.writing || !l.dueLocked(now) {
		l.mu.Unlock()

		return
	}
	l.writing = true
	l.mu.Unlock()
	w := (*writer)(l)
	netio.Combine(w, w.Next(0, nil, false), false)
}

// dueLocked tells whether there is something to write that need not wait for more.
func (l *Link) dueLocked(now bool) bool {
	switch {
	case l.conn == nil:
		return false
	case l.ended:
		return !l.half
	case l.log.pending >= corkBytes, l.beating:
		return true
	case l.corked:
		return false
	case l.ackNow || l.conn.wire.hasRecords():
		return true
	case l.log.pending == 0 || !l.urgent:
		return false
	}

	return now || !l.e.cfg.Cork.holds(l)
}

// writer is a link as a netio.Queue: its log, encrypted piece by piece for the connection that it
// has at the time.
type writer Link

// Next implements netio.Queue.
func (w *writer) Next(n int, err error, mayWait bool) netio.Piece {
	l := (*Link)(w)
	if n > 0 {
		l.written.wire.off += n
	}
	if err != nil {
		l.broke(l.written)
	}
	for {
		l.mu.Lock()
		l.log.done()
		c := l.conn
		if c == nil || !c.wire.inHand() && !l.dueLocked(true) {
			if mayWait && l.written != nil {
				l.written.wire.sock.Detach()
			}
			l.writing, l.written = false, nil
			l.mu.Unlock()

			return netio.Piece{}
		}
		l.written = c
		if c.wire.inHand() {
			l.mu.Unlock()

			return c.wire.piece()
		}
		piece, last := l.pieceLocked(c)
		l.mu.Unlock()
		switch err := c.encrypt(piece); {
		case err != nil:
			l.broke(c)
		case c.wire.next():
			return c.wire.piece()
		case last:
			c.closeWrite()
		}
	}
}

// Continue implements netio.Queue.
func (w *writer) Continue() {
	l := (*Link)(w)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log.done()
	if l.conn == nil { // the next connection begins anew
		l.writing, l.written = false, nil

		return
	}
	// The reader of conn counts, so that Close waits already, or not yet.
	l.e.work.Go(func() { netio.Combine(w, w.Next(0, nil, true), true) })
}

// pieceLocked takes what is written next to c. Last: there is nothing, and nothing will be.
func (l *Link) pieceLocked(c *conn) (piece []byte, last bool) {
	now := time.Duration(l.e.lastTick.Load())
	count := l.received.Load()
	before := l.log.taken
	piece, acks := l.log.take(count, count > l.told, now)
	if l.log.pending == 0 {
		l.urgent, l.beating = false, false
		last = l.ended && len(piece) == 0 && !c.wire.hasRecords()
		l.half = last
	}
	if len(piece) == 0 && l.ackNow && !l.ended {
		setAck(appendAck(l.scratch[:0], 0), count)
		piece, acks = l.scratch[:], true
	}
	if acks {
		l.told, l.ackNow = count, false
	}
	if len(piece) > 0 {
		l.wroteAt.Store(int64(now))
		l.e.count.bytesSent.Add(int64(len(piece)))
		l.e.count.packetsSent.Add(int64(l.log.taken - before))
	}

	return piece, last
}
