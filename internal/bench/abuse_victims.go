package bench

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/wire"
)

// Attacks whose own clients watch what becomes of some messages.

// slowConn is a connection whose owner reads perSecond bytes a second.
type slowConn struct {
	net.Conn

	perSecond int
	read      *atomic.Int64 // bytes so far
}

const slowReads = 20 // a second

func (c slowConn) Read(p []byte) (int, error) {
	time.Sleep(time.Second / slowReads)

	n, err := c.Conn.Read(p[:min(len(p), c.perSecond/slowReads)])
	c.read.Add(int64(n))

	return n, err
}

// attackSlowRecipient floods user 0, which reads slowly, while a friend sends to it 10 times a
// second. Each of the friend's messages is to be delivered.
func attackSlowRecipient(t *target) {
	const (
		size      = 1024
		perSecond = 200 << 10
		interval  = time.Second / 10
	)
	t.linger = 5 * time.Second
	f := &friend{answers: map[string]int{}}
	t.addClient(0, 0, false, func(c *conn) {
		f.begin.Store(time.Now().UnixNano())
		if tcp, ok := c.raw.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(64 << 10)
		}
		slow := &conn{raw: slowConn{c.raw, perSecond, &f.recipientRead}, protocol: c.protocol, buf: make([]byte, perSecond)}
		slow.w = copy(slow.buf, c.buf[c.r:c.w])
		t.readAll(slow)
	})
	frames, count := repeat(t.frames(size, 0))
	t.addClient(1, 0, false, func(c *conn) {
		t.tasks.Go(func() { t.readAll(c) })
		t.flood(c, frames, count)
	})
	t.verdict = f.verdict
	t.asking.Add(1)
	answered := sync.OnceFunc(t.asking.Done)
	t.addClient(2, 0, false, func(c *conn) {
		defer answered()
		c.setRecipient(0, honestSize)
		t.tasks.Go(func() {
			for t.sending.Err() == nil && c.send(0) == nil {
				f.sent.Add(1)
				sleep(t.sending, interval)
			}
			f.finished.Store(true)
			_ = c.raw.SetReadDeadline(time.Now().Add(t.linger)) // ends the reader if no answer comes
			f.endWhenAnswered(c)
		})
		f.readAnswers(c)
	})
}

// friend counts the answers to one user's messages.
type friend struct {
	sent, answered atomic.Uint64
	finished       atomic.Bool // no more are sent
	recipientRead  atomic.Int64
	begin          atomic.Int64 // when the recipient began to read, Unix ns

	mu      sync.Mutex
	answers map[string]int // guarded by mu
}

// endWhenAnswered wakes the reader of the answers if none is to come.
func (f *friend) endWhenAnswered(c *conn) {
	if f.finished.Load() && f.answered.Load() >= f.sent.Load() {
		_ = c.raw.SetReadDeadline(time.Unix(1, 0))
	}
}

// readAnswers reads until the last answer, or the end of the connection.
func (f *friend) readAnswers(c *conn) {
	for {
		frame, err := c.frame()
		switch {
		case err != nil:
			return
		case frame.Kind == wire.KindPing:
			_ = c.write(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPong, ID: frame.ID}))
		case frame.Kind == wire.KindResponse:
			text := "ok"
			if err := parseResponse(frame.Payload); err != nil {
				text = wire.CodeOf(err).String()
			}
			f.mu.Lock()
			f.answers[text]++
			f.mu.Unlock()
			f.answered.Add(1)
			f.endWhenAnswered(c)
		}
	}
}

func (f *friend) verdict() (text string, failed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sent, ok := f.sent.Load(), f.answers["ok"]
	text = fmt.Sprintf("the friend's messages: %d of %d delivered", ok, sent)
	if uint64(len(f.answers)) > 1 || ok == 0 && len(f.answers) > 0 {
		text += "; answers: " + formatCounts(f.answers)
	}

	if since := time.Since(time.Unix(0, f.begin.Load())); since > 0 {
		text += fmt.Sprintf("; the recipient reads %.0f KB/s", float64(f.recipientRead.Load())/1024/since.Seconds())
	}

	return text, sent == 0 || uint64(ok) != sent
}

// attackPipelined writes 2,000 messages to a user of the other node at once and reads the answers,
// again and again.
func attackPipelined(t *target) {
	const batch = 2000
	t.linger = 5 * time.Second
	p := &pipeline{}
	t.verdict = p.verdict
	t.addClient(0, 1, false, p.receive)
	t.asking.Add(1)
	answered := sync.OnceFunc(t.asking.Done)
	t.addClient(1, 0, false, func(c *conn) {
		defer answered()
		for t.sending.Err() == nil {
			if err := p.exchange(t, c, batch); err != nil {
				p.fail(fmt.Sprintf("the connection ends: %v", err))

				return
			}
		}
		for p.delivered.Load() < t.work.Load() && sleep(t.conns, time.Millisecond) { //nolint:revive // the recipient reads on
		}
	})
}

// pipeline counts messages that are sent without waiting for the answers of earlier ones.
type pipeline struct {
	sent, delivered atomic.Uint64

	mu    sync.Mutex
	wrong map[string]int // guarded by mu
}

func (p *pipeline) fail(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wrong == nil {
		p.wrong = map[string]int{}
	}
	p.wrong[text]++
}

// exchange sends a batch and reads its answers, which come in order.
func (p *pipeline) exchange(t *target, c *conn, batch int) error {
	c.setRecipient(0, honestSize)
	frames := make([]byte, 0, batch*len(c.out.frame))
	first := uint32(p.sent.Load()) + 1
	for i := range batch {
		c.out.stamp(uint64(first) + uint64(i))
		binary.BigEndian.PutUint32(c.out.frame[c.out.id:], first+uint32(i))
		frames = append(frames, c.out.frame...)
	}
	p.sent.Add(uint64(batch))
	written := make(chan error, 1)
	t.tasks.Go(func() { written <- c.write(frames) })
	for expected := first; expected < first+uint32(batch); {
		f, err := c.frame()
		switch {
		case err != nil:
			return err
		case f.Kind == wire.KindPing:
			if err := c.write(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPong, ID: f.ID})); err != nil {
				return err
			}
		case f.Kind == wire.KindGoodbye:
			return goodbyeError(f)
		case f.Kind == wire.KindResponse:
			if err := parseResponse(f.Payload); err != nil {
				p.fail(wire.CodeOf(err).String())
			} else {
				t.work.Add(1)
			}
			if f.ID != expected {
				p.fail("answer out of order")
			}
			expected++
		}
	}

	return <-written
}

// receive reads the messages, which come in order.
func (p *pipeline) receive(c *conn) {
	last := uint64(0)
	for {
		at, err := c.receive()
		if err != nil {
			return
		}
		if at <= last {
			p.fail("message out of order")
		}
		last = at
		p.delivered.Add(1)
	}
}

func (p *pipeline) verdict() (text string, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent, delivered := p.sent.Load(), p.delivered.Load()
	text = fmt.Sprintf("%d of %d delivered", delivered, sent)
	if len(p.wrong) > 0 {
		text += "; " + formatCounts(p.wrong)
	}

	return text, sent == 0 || delivered != sent || len(p.wrong) > 0
}
