package link

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/netio"
)

// conn is one connection of a link, or of a handshake: TLS over a transport.
type conn struct {
	base net.Conn
	wire *transport
	tls  *tls.Conn
	in   netio.ReadBuffer // owned by the reader
	link *Link            // fixed by attach
	turn netio.Turns      // of a watched connection

	// Owned by the reader.
	corked  bool // the link gathers what is sent until the reader waits
	handled int  // bytes since it last did not
	discard bool // what comes is not for the link any more
	ackable int  // bytes received since the last ack was asked for
}

// newConn begins a connection. First is what was read of it already.
func newConn(base net.Conn, first []byte, side func(net.Conn, *tls.Config) *tls.Conn, config *tls.Config) *conn {
	w := &transport{Conn: base, first: first}
	w.sock.Init(base)

	return &conn{base: base, wire: w, tls: side(w, config)}
}

// close ends the connection at once. Closing a TCP connection waits for calls under way, which end
// then; but the call of a reader within Release may be waiting for this one. Of a watched
// connection that nothing reads, the reader ends in a goroutine.
func (c *conn) close() {
	if c.wire.sock.Watched() {
		c.wire.sock.Close()
		if c.turn.Begin() {
			go c.read()
		}

		return
	}
	if c.wire.inRelease.Load() {
		go func() { _ = c.base.Close() }()

		return
	}
	_ = c.base.Close()
}

// closeWrite tells the other side that nothing more comes.
func (c *conn) closeWrite() {
	if c.wire.sock.Watched() {
		c.wire.sock.CloseWrite()

		return
	}
	if half, ok := c.base.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// linger bounds the time that the connection has left.
func (c *conn) linger(d time.Duration) {
	if c.wire.sock.Watched() {
		time.AfterFunc(d, c.close)

		return
	}
	_ = c.base.SetDeadline(time.Now().Add(d))
}

// encrypt adds a piece, which may be empty, to what is to be written.
func (c *conn) encrypt(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	_, err := c.tls.Write(piece)

	return err
}

// transport carries TLS records. During the handshake it is the network connection. Afterwards
// records that TLS writes gather in it until the writer takes them, and a reader that is about to
// wait says so.
type transport struct {
	net.Conn

	sock netio.Conn // the same

	// Owned by the reader.
	first      []byte // read before the rest
	beforeWait func() // uncorks the link; nil during the handshake
	into       []byte
	drained    bool        // the last read had room for more, and of a watched connection nothing was reported since
	hangup     atomic.Bool // of a watched connection: the other side has closed it; what it has sent is to be read to the end
	inRelease  atomic.Bool // within Release; written by the reader

	// Owned by the writer.
	out []byte // being written
	off int    // bytes of out that are written

	mu       sync.Mutex
	gather   bool        // guarded by mu; the handshake is over
	gathered []byte      // guarded by mu; records
	waiting  atomic.Bool // gathered is not empty; written with mu held
}

const keepOut = 128 << 10 // the largest buffer of records that is kept

// gathers ends the handshake.
func (t *transport) gathers() {
	t.mu.Lock()
	t.gather = true
	t.mu.Unlock()
}

// Write is called by TLS, also from the reader's goroutine.
func (t *transport) Write(p []byte) (int, error) {
	t.mu.Lock()
	if t.gather {
		t.gathered = append(t.gathered, p...)
		t.waiting.Store(true)
		t.mu.Unlock()

		return len(p), nil
	}
	t.mu.Unlock()

	return t.Conn.Write(p)
}

// Read is called by TLS.
func (t *transport) Read(p []byte) (int, error) {
	if len(t.first) > 0 {
		n := copy(p, t.first)
		t.first = t.first[n:]

		return n, nil
	}
	if t.beforeWait == nil {
		return t.Conn.Read(p)
	}
	if t.sock.Watched() {
		return t.tryRead(p)
	}
	if t.drained {
		t.beforeWait()
	}
	t.into = p
	n, err := t.sock.Read(t)
	t.into = nil
	t.drained = n < len(p)

	return n, err
}

// errNothing: nothing has arrived. TLS goes on after a temporary error.
var errNothing net.Error = nothing{}

type nothing struct{}

func (nothing) Error() string   { return "link: nothing has arrived" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }

// tryRead reads what has arrived on a watched connection.
func (t *transport) tryRead(p []byte) (int, error) {
	if t.drained {
		return 0, errNothing
	}
	n, err := t.sock.TryRead(p)
	if err != nil {
		return 0, err
	}
	t.drained = n < len(p) && !t.hangup.Load()
	if n == 0 {
		return 0, errNothing
	}

	return n, nil
}

// Space implements netio.Buffer.
func (t *transport) Space() []byte { return t.into }

// Release implements netio.Buffer.
func (t *transport) Release() (empty bool) {
	t.inRelease.Store(true)
	t.beforeWait()
	t.inRelease.Store(false)

	return false
}

// hasRecords tells whether records have gathered that the writer has not taken.
func (t *transport) hasRecords() bool { return t.waiting.Load() }

// inHand tells whether the writer has something in hand that is not written.
func (t *transport) inHand() bool { return t.off < len(t.out) }

// piece is what the writer has in hand.
func (t *transport) piece() netio.Piece { return netio.Piece{To: &t.sock, Bytes: t.out[t.off:]} }

// next gives the writer, which has nothing in hand, what has gathered. It returns false if that is
// nothing.
func (t *transport) next() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out, t.gathered = t.gathered, t.out[:0]
	t.waiting.Store(false)
	t.off = 0
	if cap(t.gathered) > keepOut {
		t.gathered = nil
	}

	return len(t.out) > 0
}

// fill waits for bytes and reads them. Of a watched connection it does not wait: the error is
// errNothing.
func (c *conn) fill() error {
	n, err := c.tls.Read(c.in.Space(0))
	c.in.Commit(n)
	if n > 0 {
		return nil // an error comes again
	}

	return err
}
