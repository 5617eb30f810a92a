package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is one end of a connection.
type Conn struct {
	host          *Host
	local, remote addr
	listener      *listener // of the accepting end
	in            *pipe     // what this end reads
	out           *pipe     // the other end's in

	mu     sync.Mutex
	closed bool // guarded by mu
	half   bool // guarded by mu; CloseWrite was called
}

func newConn(h *Host, local, remote addr, cut bool) *Conn {
	return &Conn{host: h, local: local, remote: remote, in: &pipe{blocked: cut, wake: make(chan struct{}, 1)}}
}

// pipe is one direction: what is on the wire, and what has arrived.
type pipe struct {
	wake chan struct{}

	mu       sync.Mutex
	wire     []parcel  // guarded by mu
	arrived  []byte    // guarded by mu
	end      error     // guarded by mu; has arrived behind the data
	failed   error     // guarded by mu; told before the data
	blocked  bool      // guarded by mu; nothing arrives
	deadline time.Time // guarded by mu
}

// parcel arrives at that time, at the earliest.
type parcel struct {
	due  time.Time
	data []byte
	end  error // nil: data. ECONNRESET is told before data that was not read
}

func (p *pipe) notify() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// settleLocked has everything arrive that is due.
func (p *pipe) settleLocked(now time.Time) {
	for !p.blocked && len(p.wire) > 0 && !p.wire[0].due.After(now) {
		q := p.wire[0]
		p.wire = p.wire[1:]
		switch {
		case p.end != nil:
		case q.end != nil:
			p.end = q.end
		default:
			p.arrived = append(p.arrived, q.data...)
		}
	}
}

func (p *pipe) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settleLocked(time.Now())
	p.blocked = true
}

func (p *pipe) heal(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.blocked = false
	again := time.Now().Add(delay)
	for i := range p.wire {
		if p.wire[i].due.Before(again) {
			p.wire[i].due = again
		}
	}
	p.notify()
}

// fail ends the pipe at once for its reader.
func (p *pipe) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		p.failed = err
	}
	p.notify()
}

// put sends data or an end.
func (p *pipe) put(q parcel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.wire); n > 0 && p.wire[n-1].due.After(q.due) {
		q.due = p.wire[n-1].due
	}
	p.wire = append(p.wire, q)
	p.notify()
}

// Read implements net.Conn. Data that has arrived before a reset is read first.
func (c *Conn) Read(b []byte) (int, error) {
	for {
		c.host.Gate()
		n, until, err := c.in.take(b)
		if n > 0 || err != nil || len(b) == 0 {
			if n == 0 && err != nil && err != io.EOF { //nolint:errorlint // take returns it as it is
				err = opError("read", c.remote, err)
			}

			return n, err
		}
		c.in.wait(until)
	}
}

// wait returns when something is new, or at that time; zero: never.
func (p *pipe) wait(until time.Time) {
	var due <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-p.wake:
	case <-due:
	}
}

// take reads what has arrived. Without data and error the reader waits until then, or for ever.
func (p *pipe) take(b []byte) (n int, until time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.failed != nil {
		return 0, until, p.failed
	}
	if !p.deadline.IsZero() && !p.deadline.After(now) {
		return 0, until, os.ErrDeadlineExceeded
	}
	p.settleLocked(now)
	if len(p.arrived) > 0 {
		n = copy(b, p.arrived)
		if p.arrived = p.arrived[n:]; len(p.arrived) == 0 {
			p.arrived = nil
		}

		return n, until, nil
	}
	if p.end != nil {
		return 0, until, p.end
	}
	until = p.deadline
	if !p.blocked && len(p.wire) > 0 && (until.IsZero() || p.wire[0].due.Before(until)) {
		until = p.wire[0].due
	}

	return 0, until, nil
}

// Write implements net.Conn. It never blocks.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	shut := c.closed || c.half
	c.mu.Unlock()
	if shut {
		return 0, opError("write", c.remote, net.ErrClosed)
	}
	c.in.mu.Lock()
	err := c.in.failed
	if err == nil && c.in.end == syscall.ECONNRESET { //nolint:errorlint // put as it is
		err = syscall.EPIPE
	}
	c.in.mu.Unlock()
	if err != nil {
		return 0, opError("write", c.remote, err)
	}
	c.send(parcel{data: append([]byte(nil), b...)})

	return len(b), nil
}

// TryWrite is Write: it tells that writing does not wait.
func (c *Conn) TryWrite(b []byte) (int, error) { return c.Write(b) }

func (c *Conn) send(q parcel) {
	q.due = time.Now().Add(c.host.net.opts.Delay(c.local.host, c.remote.host))
	c.out.put(q)
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.mu.Lock()
	first := !c.closed
	half := c.half
	c.closed = true
	c.mu.Unlock()
	if !first {
		return nil
	}
	if !half {
		c.send(parcel{end: io.EOF})
	}
	c.in.fail(net.ErrClosed)
	c.host.net.forget(c)

	return nil
}

// CloseWrite tells the other end that nothing more comes.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	first := !c.closed && !c.half
	c.half = true
	c.mu.Unlock()
	if first {
		c.send(parcel{end: io.EOF})
	}

	return nil
}

// reset ends the connection without a farewell.
func (c *Conn) reset() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.send(parcel{end: syscall.ECONNRESET})
	c.in.fail(syscall.ECONNRESET)
	c.host.net.forget(c)
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.in.deadline = t
	c.in.notify()

	return nil
}

// SetWriteDeadline implements net.Conn. Writing does not wait.
func (*Conn) SetWriteDeadline(time.Time) error { return nil }
