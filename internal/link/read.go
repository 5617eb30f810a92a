package link

import (
	"errors"
	"time"
)

// ackBytes is how much is received at most before an ack is written for it.
const ackBytes = 256 << 10

// flushBytes is how much the reader handles at most before it flushes answers.
const flushBytes = 64 << 10

// turnBytes is how much the reader of a watched connection handles before others of its loop have
// their turn.
const turnBytes = 64 << 10

// startReading has a connection read until it is at its end: by a loop where that is supported,
// else by a goroutine.
func (l *Link) startReading(c *conn) {
	l.e.work.Add(1) // until the reader has seen the end
	c.turn.Begin()
	c.wire.sock.Watch(l.e.cfg.Loops.Next(), c)
	go func() { // what came with the handshake is not reported by a loop
		l.e.cfg.Gate()
		c.handleArrived()
		c.read()
	}()
}

// OnReadable implements netio.ReadHandler.
func (c *conn) OnReadable(hangup bool) {
	if hangup {
		c.wire.hangup.Store(true)
	}
	if c.turn.Begin() {
		c.read()
	}
}

// OnTurn implements netio.ReadHandler.
func (c *conn) OnTurn() { c.read() }

// read is the reader's work: of a watched connection until nothing more has arrived, otherwise
// until its end.
func (c *conn) read() {
	l := c.link
	c.wire.drained = false
	for n := 0; n < turnBytes || !c.wire.sock.Watched() || !c.wire.sock.Later(); {
		before := c.in.Len()
		err := c.fill()
		l.e.cfg.Gate()
		switch {
		case err == nil:
			n += c.in.Len() - before
			c.handled += c.in.Len() - before
			c.handleArrived()
		case errors.Is(err, errNothing):
			l.uncork(c)
			if c.turn.End() {
				return
			}
			c.wire.drained = false
		default:
			l.broke(c)
			l.e.removeLingering(l.peer, c)
			l.e.work.Done() // the turn does not end: there is no other

			return
		}
	}
}

// handleArrived takes what has arrived. What comes after the connection was replaced, or the link
// has ended, is discarded.
func (c *conn) handleArrived() {
	c.discard = c.discard || c.in.Len() > 0 && !c.link.handle(c)
	if c.discard {
		c.in.Consume(c.in.Len())
	}
}

// handle takes what has arrived. It returns false if what comes is to be discarded from then on.
func (l *Link) handle(c *conn) bool {
	p := l.peer
	p.token.take()
	defer p.token.giveBack()
	if l.source != c {
		return false
	}
	now := l.e.cfg.Clock()
	if !l.e.awake(now) { // the link is about to end, for the whole process has slept
		l.source = nil

		return false
	}
	if l.silent(now) {
		l.e.endHoldingToken(l, ErrSilent, false)

		return false
	}
	l.heard.Store(int64(now))
	if !c.corked {
		c.corked = true
		l.mu.Lock()
		l.corked = l.conn == c
		l.mu.Unlock()
	}
	if reason := l.frames(c, now); reason != nil {
		l.e.endHoldingToken(l, reason, false)

		return false
	}
	if c.handled >= flushBytes {
		l.uncork(c)
	}

	return true
}

// frames takes the frames that have arrived. It returns why the link ends, if it does.
func (l *Link) frames(c *conn, now time.Duration) (reason error) {
	before := l.received.Load()
	received, n := before, 0
	defer func() {
		l.e.count.bytesReceived.Add(int64(n))
		l.e.count.packetsReceived.Add(int64(received - before))
	}()
	if err := l.handleDeferred(now); err != nil {
		return err
	}
	for {
		f, size, err := splitFrame(c.in.Bytes(), l.e.cfg.MaxPacket)
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		c.in.Consume(size)
		n += size
		switch f.kind {
		case kindPacket:
			received++
			if l.suspended(now) || len(l.deferred) > 0 {
				reason = l.deferPacket(f)
			} else {
				l.e.cfg.Handler.HandlePacket(l, f.port, f.payload)
			}
		case kindBeat:
			received++
		case kindAck:
			if reason = l.acknowledged(f.count(), now); reason == nil {
				reason = l.handleDeferred(now)
			}
		case kindGoodbye:
			reason = ErrGoodbye
		}
		if reason != nil {
			return reason
		}
	}
	if received > before {
		l.received.Store(received)
		l.askForAck(c, n)
	}

	return nil
}

// askForAck counts n more bytes, and has an ack sent when enough are unacknowledged.
func (l *Link) askForAck(c *conn, n int) {
	c.ackable += n
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.eager || c.ackable >= ackBytes {
		l.eager, l.ackNow = false, true
		c.ackable = 0
	}
}

// deferPacket keeps a packet until the link resumes.
func (l *Link) deferPacket(f frame) error {
	if len(l.deferred)+headSize+len(f.payload) > l.e.cfg.QueueBytes {
		return ErrOverloaded
	}
	l.deferred = appendFrame(l.deferred, f.kind, f.port, f.payload)

	return nil
}

// handleDeferred handles the deferred packets, if the link is not suspended any more.
func (l *Link) handleDeferred(now time.Duration) error {
	if len(l.deferred) == 0 || l.suspended(now) {
		return nil
	}
	deferred := l.deferred
	l.deferred = nil
	for len(deferred) > 0 {
		f, n, err := splitFrame(deferred, l.e.cfg.MaxPacket)
		if err != nil {
			return err
		}
		deferred = deferred[n:]
		l.e.cfg.Handler.HandlePacket(l, f.port, f.payload)
	}

	return nil
}
