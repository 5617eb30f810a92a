package netio

import (
	"crypto/tls"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one connection: what net.Conn is, with calls that do not wait beside those that do, and
// with a loop that may watch it. The zero value is not usable, and it must not be copied after
// Init.
//
//	        Init           Watch
//	net.Conn ──▶ waiting ────────▶ watched ── a call that waits ──▶ watched, and waiting
//	                                   ◀────────── Detach ─────────
//
// A waiting connection holds a net.Conn, and so what the runtime's poller keeps for it. A watched
// one holds its descriptor alone, and its loop calls a handler when it is readable.
//
// One goroutine reads and one writes at a time; the two may be different. All other methods are
// safe for use by several goroutines, except Init and Watch.
type Conn struct {
	raw     rawConn // of a watched connection
	loop    *Loop   // fixed by Watch
	handler ReadHandler

	waiter atomic.Pointer[waiter] // through which calls wait; nil: watched, and no call waits
	mu     sync.Mutex             // of changes of waiter
	closed bool                   // guarded by mu
}

// waiter is a connection whose calls can wait.
type waiter struct {
	net.Conn

	poll  pollConn
	try   tryWriter // nil: none
	first [16]byte  // destination of a read that waits without a buffer

	limitedAt time.Time // owned by the writer: when a write deadline was last set; zero: none is
}

// tryWriter is a connection, not the operating system's, whose writing need not wait.
type tryWriter interface{ TryWrite(p []byte) (int, error) }

// retryPause is the interval of looking again where a call has to wait and no descriptor is left
// for that.
const retryPause = 50 * time.Millisecond

// Init takes a connection. Close closes it.
func (c *Conn) Init(nc net.Conn) { c.waiter.Store(newWaiter(nc)) }

func newWaiter(nc net.Conn) *waiter {
	w := &waiter{Conn: nc}
	if !w.poll.use(nc) {
		w.try, _ = nc.(tryWriter)
	}

	return w
}

// NetConn is what Init was given; nil once the connection is watched.
func (c *Conn) NetConn() net.Conn {
	if w := c.waiter.Load(); w != nil && c.loop == nil {
		return w.Conn
	}

	return nil
}

// NonBlocking reports whether TryWrite can write. It cannot over TLS, whose records have to be
// whole, nor on systems without support.
func (c *Conn) NonBlocking() bool {
	if c.raw.held() {
		return true
	}
	w := c.waiter.Load()

	return w != nil && (w.poll.usable() || w.try != nil)
}

// Watch moves the connection to a loop, which calls the handler whenever it is readable, perhaps
// before Watch returns. It returns false, and changes nothing, if that is not supported for the
// connection or by the system, or the loop is nil or closed. No other call may be under way.
func (c *Conn) Watch(loop *Loop, handler ReadHandler) bool {
	w := c.waiter.Load()
	if loop == nil || w == nil || !w.poll.usable() || !c.raw.holdDuplicate(w.Conn) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loop, c.handler = loop, handler
	if !loop.add(&c.raw, handler) {
		c.loop, c.handler = nil, nil
		c.raw.reset()

		return false
	}
	c.waiter.Store(nil)
	_ = w.Close()

	return true
}

// Later has the loop call OnTurn of the handler of a watched connection, after other connections
// had their turn. It is for handlers that have more to do than is fair. It returns false if the
// loop is closed.
func (c *Conn) Later() bool { return c.loop.addLater(c.handler) }

// Watched reports whether a loop watches the connection.
func (c *Conn) Watched() bool { return c.raw.held() }

// TryRead reads once what has arrived on a watched connection. At the end of the stream the error
// is io.EOF; n is 0 without an error if nothing has arrived.
func (c *Conn) TryRead(p []byte) (n int, err error) { return c.raw.tryRead(p) }

// Read waits until something has arrived, and reads once. At the end of the stream the error is
// io.EOF; n is never 0 without an error.
func (c *Conn) Read(in Buffer) (n int, err error) {
	w := c.attach()
	if w == nil {
		return 0, net.ErrClosed
	}

	return w.read(in)
}

func (w *waiter) read(in Buffer) (n int, err error) {
	if w.poll.usable() {
		return w.poll.read(in)
	}
	if !in.Release() {
		return w.Conn.Read(in.Space())
	}
	n, err = w.Conn.Read(w.first[:])

	return copy(in.Space(), w.first[:n]), err
}

// ReadUntil is Read with a deadline, after which the error is os.ErrDeadlineExceeded.
func (c *Conn) ReadUntil(in Buffer, deadline time.Time) (n int, err error) {
	if w := c.attach(); w != nil {
		_ = w.SetReadDeadline(deadline)

		return w.read(in)
	}
	for time.Now().Before(deadline) {
		if n, err = c.raw.tryRead(in.Space()); n > 0 || err != nil {
			return n, err
		}
		in.Release()
		time.Sleep(retryPause)
	}

	return 0, os.ErrDeadlineExceeded
}

// TryWrite writes what the system accepts without waiting, which may be nothing.
func (c *Conn) TryWrite(p []byte) (int, error) {
	if c.raw.held() {
		return c.raw.tryWrite(p)
	}
	switch w := c.waiter.Load(); {
	case w == nil:
		return 0, net.ErrClosed
	case w.poll.usable():
		return w.poll.write(p, false)
	case w.try != nil:
		return w.try.TryWrite(p)
	}

	return 0, nil
}

// Write waits until the system accepts a part of p, and returns its length. Nothing accepted for
// patience, or an eighth less, is os.ErrDeadlineExceeded; without NonBlocking that breaks the
// connection. A patience of 0 is endless. Detach ends what is kept for waiting.
func (c *Conn) Write(p []byte, patience time.Duration) (int, error) {
	if w := c.attach(); w != nil {
		return w.write(p, patience)
	}
	for begin := time.Now(); ; time.Sleep(retryPause) {
		n, err := c.raw.tryWrite(p)
		if n > 0 || err != nil {
			return n, err
		}
		if patience > 0 && time.Since(begin) > patience {
			return 0, os.ErrDeadlineExceeded
		}
	}
}

func (w *waiter) write(p []byte, patience time.Duration) (int, error) {
	w.limit(patience)
	if w.poll.usable() {
		return w.poll.write(p, true)
	}

	return w.Conn.Write(p)
}

// limit sets the write deadline, but not for every call.
func (w *waiter) limit(patience time.Duration) {
	const part = 8
	switch now := time.Now(); {
	case patience <= 0 && !w.limitedAt.IsZero():
		w.limitedAt = time.Time{}
		_ = w.SetWriteDeadline(time.Time{})
	case patience > 0 && now.Sub(w.limitedAt) > patience/part:
		w.limitedAt = now
		_ = w.SetWriteDeadline(now.Add(patience))
	}
}

// attach returns the connection in a form whose calls wait; nil if it is closed, or no descriptor
// is left.
func (c *Conn) attach() *waiter {
	if w := c.waiter.Load(); w != nil {
		return w
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.waiter.Load(); w != nil || c.closed {
		return w
	}
	nc, err := c.raw.netConn()
	if err != nil {
		return nil
	}
	w := newWaiter(nc)
	c.waiter.Store(w)

	return w
}

// Detach ends what calls that waited have left: the write deadline, and of a watched connection all
// that the runtime keeps for it. Neither Read nor Write may be under way.
func (c *Conn) Detach() {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.waiter.Load()
	switch {
	case w == nil || c.closed:
	case c.raw.held():
		c.waiter.Store(nil)
		_ = w.Close()
	default:
		w.limit(0)
	}
}

// SetDeadline sets both deadlines of a connection that is not watched.
func (c *Conn) SetDeadline(t time.Time) {
	if w := c.waiter.Load(); w != nil {
		_ = w.SetDeadline(t)
	}
}

// SetReadDeadline sets the deadline of Read of a connection that is not watched. One in the past
// ends a call that waits.
func (c *Conn) SetReadDeadline(t time.Time) {
	if w := c.waiter.Load(); w != nil {
		_ = w.SetReadDeadline(t)
	}
}

// CloseWrite closes the sending side of the connection. Over TLS that is a record, and may wait.
func (c *Conn) CloseWrite() {
	if c.raw.held() {
		c.raw.closeWrite()

		return
	}
	if w := c.waiter.Load(); w != nil {
		if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}
}

// Close closes the connection at once, over TLS without an alert. It waits for nothing. Calls under
// way end; the handler of a watched connection may be called once more.
func (c *Conn) Close() {
	c.mu.Lock()
	c.closed = true
	w := c.waiter.Load()
	c.mu.Unlock()
	if w != nil {
		_ = underlying(w.Conn).Close()
	}
	if c.raw.held() {
		c.loop.remove(&c.raw, c.handler)
		c.raw.close()
	}
}

// underlying is the connection under TLS, which closes without an alert that might wait.
func underlying(nc net.Conn) net.Conn {
	if t, ok := nc.(*tls.Conn); ok {
		return t.NetConn()
	}

	return nc
}
