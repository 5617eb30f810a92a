package link

import (
	"encoding/binary"
	"time"

	"github.com/parley-dm/parley/wire"
)

// Writing. Whoever has a frame appends it to the queue; if nobody is writing, it writes at once, without waiting. Who comes meanwhile leaves
// its frame for the one who is writing (combining): under load one call carries many frames, without load a frame is written at
// once by the goroutine that made it. What the system does not take at once goes on in a goroutine that lives until it did (drain).
//
// While the reader hands over what has arrived, the link is corked: answers gather, and the reader writes them with one call.
//
// A packet that nobody waits for (SendLater) lies in the queue until something is written anyway, or maxLate has passed.

const (
	// maxTurns is how many batches a sender writes for others before it hands over to a goroutine.
	maxTurns = 16
	// corkBytes is how much may gather while the link is corked.
	corkBytes = 32 << 10
	// keepBytes is how large a buffer may be to be kept.
	keepBytes = 256 << 10
	// maxLate is how long a packet that nobody waits for may stay in the queue.
	maxLate = 2 * time.Millisecond
)

// Send queues a packet and has it written. It never waits. While the link is on hold the packet waits for Release.
func (l *Link) Send(port uint8, stamp uint64, packet []byte) error {
	return l.send(port, stamp, packet, true)
}

// SendLater is Send for a packet that nobody waits for: it goes, in its turn, with whatever is written next, and on its own
// after 2 ms.
func (l *Link) SendLater(port uint8, stamp uint64, packet []byte) error {
	return l.send(port, stamp, packet, false)
}

func (l *Link) send(port uint8, stamp uint64, packet []byte, urgent bool) error {
	l.mu.Lock()
	switch {
	case l.closed, l.last:
		l.mu.Unlock()

		return ErrClosed
	case len(l.queue)+len(l.held)+int(l.inHand.Load())+len(packet) > l.bound:
		l.mu.Unlock()

		return ErrOverloaded
	case l.hold:
		l.held = appendPacket(l.held, port, stamp, packet)
		l.mu.Unlock()

		return nil
	}
	l.queue = appendPacket(l.queue, port, stamp, packet)
	if urgent {
		l.urgent = true
	} else {
		l.armLocked()
	}
	l.unlockAndWrite(false)

	return nil
}

// armLocked sees to it that what nobody waits for is written in the end.
func (l *Link) armLocked() {
	if l.armed {
		return
	}
	l.armed = true
	l.drains.Add(1) // Run waits for it, and is not over: the link is not closed
	if l.late == nil {
		l.late = time.AfterFunc(maxLate, l.writeLate)
	} else {
		l.late.Reset(maxLate)
	}
}

func (l *Link) writeLate() {
	defer l.drains.Done()
	l.mu.Lock()
	l.armed = false
	l.urgent = len(l.queue) > 0
	l.unlockAndWrite(false)
}

// Control queues a packet for the other side's Control: it passes those that are held.
func (l *Link) Control(packet []byte) error {
	return l.control(wire.Frame{Kind: kindControl, Payload: packet})
}

// Beat tells the other side that this one lives.
func (l *Link) Beat(stamp uint64) error { return l.stamped(kindBeat, stamp) }

// Open tells the other side that it may Release.
func (l *Link) Open() error { return l.control(wire.Frame{Kind: kindOpen}) }

// Goodbye tells the other side that this one has stopped, behind all packets. Nothing may follow. The other side then ends the link.
func (l *Link) Goodbye(stamp uint64) error { return l.stamped(kindGoodbye, stamp) }

func (l *Link) stamped(kind wire.Kind, stamp uint64) error {
	var b [stampSize]byte
	binary.BigEndian.PutUint64(b[:], stamp)

	return l.control(wire.Frame{Kind: kind, Payload: b[:]})
}

func (l *Link) control(f wire.Frame) error {
	l.mu.Lock()
	switch {
	case l.closed, l.last:
		l.mu.Unlock()

		return ErrClosed
	case len(l.queue)+len(l.held)+int(l.inHand.Load())+len(f.Payload) > l.bound+controlRoom:
		l.mu.Unlock()

		return ErrOverloaded
	}
	l.queue = wire.AppendFrame(l.queue, f)
	l.urgent = true
	l.last = f.Kind == kindGoodbye
	l.unlockAndWrite(false)

	return nil
}

// Release ends the hold: the packets that waited are written, in order, and those that come go at once.
func (l *Link) Release() {
	l.mu.Lock()
	if l.closed || !l.hold {
		l.mu.Unlock()

		return
	}
	l.hold = false
	if len(l.queue) == 0 {
		l.queue, l.held = l.held, nil
	} else {
		l.queue, l.held = append(l.queue, l.held...), nil
	}
	l.urgent = len(l.queue) > 0
	l.unlockAndWrite(false)
}

// Held tells whether the link is on hold.
func (l *Link) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.hold
}

// cork and uncork stand around what the reader hands over.
func (l *Link) cork() {
	l.mu.Lock()
	l.corked = true
	l.mu.Unlock()
}

func (l *Link) uncork() {
	l.mu.Lock()
	l.corked = false
	l.unlockAndWrite(false)
}

// unlockAndWrite is called with mu held. A corked link, and what nobody waits for, waits until enough has gathered. Now: the node's cork does
// not count.
func (l *Link) unlockAndWrite(now bool) {
	if l.writing || l.closed || len(l.queue) == 0 || len(l.queue) < corkBytes && (l.corked || !l.urgent || !now && l.shared.holds(l)) {
		l.mu.Unlock()

		return
	}
	l.writing = true
	batch := l.takeLocked()
	l.mu.Unlock()
	l.write(batch)
}

func (l *Link) takeLocked() []byte {
	batch := l.queue
	l.queue, l.spare, l.urgent = l.spare, nil, false
	l.inHand.Store(int64(len(batch)))

	return batch
}

// write is the writer's work. It never waits.
func (l *Link) write(batch []byte) {
	for turn := 0; batch != nil; turn++ {
		if !l.sock.Usable() || turn == maxTurns {
			l.handOver(batch, 0)

			return
		}
		n, err := l.sock.TryWrite(batch)
		switch {
		case err != nil:
			l.Close(err)

			return
		case n < len(batch):
			l.handOver(batch, n)

			return
		}
		batch = l.next(batch)
	}
}

// next gives the writer its next batch in exchange for the one that is written. With none it stops being the writer.
func (l *Link) next(written []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inHand.Store(0)
	if l.closed {
		return nil
	}
	if cap(written) <= keepBytes && cap(written) > cap(l.spare) {
		l.spare = written[:0]
	}
	if len(l.queue) == 0 || !l.urgent && len(l.queue) < corkBytes {
		l.writing = false
		if len(l.queue) == 0 && cap(l.queue) > keepBytes {
			l.queue = nil
		}
		if l.queue == nil {
			l.queue, l.spare = l.spare, nil
		}

		return nil
	}

	return l.takeLocked()
}

// handOver lets a goroutine go on with a batch of which n bytes are written.
func (l *Link) handOver(batch []byte, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.drains.Add(1) // Run waits for it, and is not over: the link is not closed
	go l.drain(batch, n)
}

// drain writes what the connection did not take at once. Closing the connection ends it.
func (l *Link) drain(batch []byte, off int) {
	defer l.drains.Done()
	for batch != nil {
		l.inHand.Store(int64(len(batch) - off))
		n, err := l.waitWrite(batch[off:])
		if err != nil {
			l.Close(err)

			return
		}
		if off += n; off == len(batch) {
			batch, off = l.next(batch), 0
		}
	}
}

// mostAtOnce keeps the count of what waits true while a long batch is written.
const mostAtOnce = 1 << 20

func (l *Link) waitWrite(p []byte) (int, error) {
	p = p[:min(len(p), mostAtOnce)]
	if l.sock.Usable() {
		return l.sock.Write(p)
	}

	return l.conn.Write(p)
}

// ready ends the handshake: until then nothing is written, because its last frame comes first.
func (l *Link) ready() {
	l.mu.Lock()
	l.writing = false
	l.unlockAndWrite(false)
}
