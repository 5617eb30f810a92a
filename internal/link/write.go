package link

import "time"

// Writing. A sender appends its frame to the log. If there is no writer it becomes the writer, and
// writes at once without waiting. A sender that comes meanwhile leaves its frame to the writer:
// under load one call carries many frames. What the system does not take goes on in a goroutine
// that ends when it did. The writer is one for the link, whatever its connection: a frame that is
// being encrypted for a connection that broke is not touched before.
//
// While the reader handles what has arrived the link is corked: answers gather, and the reader
// flushes them before it waits. Low-priority packets (SendLater) wait for the next write, or
// maxLate.

const (
	// maxTurns is how many pieces a sender writes before a goroutine goes on.
	maxTurns = 16
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

// parked is called by the reader before it waits, and once in a while if it does not have to.
func (l *Link) parked(c *conn) {
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
	l.write(false)
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
	case l.ackNow || l.conn.wire.waits():
		return true
	case l.log.pending == 0 || !l.urgent:
		return false
	}

	return now || !l.e.cfg.Cork.holdsLocked(l)
}

// write is the writer's work. Without mayWait it never waits.
func (l *Link) write(mayWait bool) {
	for turn := 0; ; turn++ {
		l.mu.Lock()
		l.log.done()
		if turn > 0 && !l.dueLocked(true) {
			l.writing = false
			l.mu.Unlock()

			return
		}
		c := l.conn
		if c == nil {
			l.writing = false
			l.mu.Unlock()

			return
		}
		if turn == maxTurns && !mayWait {
			l.e.work.Go(func() { l.write(true) }) // the reader of conn counts, so that Close waits already, or not yet
			l.mu.Unlock()

			return
		}
		piece, last := l.pieceLocked()
		l.mu.Unlock()
		if !l.push(c, piece, mayWait) {
			return
		}
		if last {
			c.closeWrite()
		}
	}
}

// pieceLocked takes what is written next. Last: nothing follows it.
func (l *Link) pieceLocked() (piece []byte, last bool) {
	now := time.Duration(l.e.lastTick.Load())
	count := l.received.Load()
	before := l.log.taken
	piece, acks := l.log.take(count, count > l.told, now)
	if l.log.pending == 0 {
		l.urgent, l.beating = false, false
		last = l.ended && len(piece) == 0
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

// push writes a piece. It returns false if another goroutine is the writer from then on.
func (l *Link) push(c *conn, piece []byte, mayWait bool) bool {
	done, err := c.send(piece)
	switch {
	case err != nil:
		l.broke(c)

		return true
	case done:
		return true
	case mayWait:
		l.drain(c)

		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log.done()
	if l.conn != c {
		return true
	}
	l.e.work.Go(func() {
		l.drain(c)
		l.write(true)
	}) // as in write

	return false
}

// drain waits until the connection has taken what was encrypted. Closing the connection ends it.
func (l *Link) drain(c *conn) {
	if err := c.wire.flush(); err != nil {
		l.broke(c)
	}
}
