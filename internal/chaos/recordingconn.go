package chaos

import (
	"net"
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

// recordingConn is a client's connection that records its frames and can be made to fail.
//
//	client ◀── Read ◀── gate ◀── in: welcome, messages, goodbye noted ◀── network
//	client ──▶ Write ──────────▶ out: requests noted ──────────────────▶ network
type recordingConn struct {
	net.Conn

	session            *session
	history            *history
	incoming, outgoing framing // in is the reader's, out the writer's
	lastRead           moment  // the reader's: when something was read

	mu           sync.Mutex
	readGate     chan struct{} // guarded by mu: closed when reading goes on; nil while it does
	vanishedFlag bool          // guarded by mu: nothing goes through any more, and the other side is not to know
	closed       chan struct{}
	once         sync.Once
}

func newRecordingConn(raw net.Conn, s *session, h *history, webSocket bool) *recordingConn {
	c := &recordingConn{Conn: raw, session: s, history: h, closed: make(chan struct{})}
	c.incoming = framing{webSocket: webSocket, onFrame: c.noteIncoming}
	c.outgoing = framing{webSocket: webSocket, onFrame: c.noteOutgoing}

	return c
}

// stall makes the client stop reading.
func (c *recordingConn) stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readGate == nil {
		c.readGate = make(chan struct{})
	}
}

// resume lets it read again.
func (c *recordingConn) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readGate != nil && !c.vanishedFlag {
		close(c.readGate)
		c.readGate = nil
	}
}

// vanish acts as if the client's machine had lost power. Only closeVanished closes the connection.
func (c *recordingConn) vanish() {
	c.stall()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.vanishedFlag = true
}

func (c *recordingConn) closeVanished() { _ = c.Conn.Close() }

func (c *recordingConn) vanished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.vanishedFlag
}

// awaitGate waits while the client does not read.
func (c *recordingConn) awaitGate() error {
	for {
		c.mu.Lock()
		gate := c.readGate
		c.mu.Unlock()
		if gate == nil {
			return nil
		}
		select {
		case <-gate:
		case <-c.closed:
			return net.ErrClosed
		}
	}
}

func (c *recordingConn) Read(p []byte) (int, error) {
	if err := c.awaitGate(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if e := c.awaitGate(); e != nil {
		return 0, e
	}
	if n > 0 {
		c.noteRead(c.history.now())
		c.incoming.feed(p[:n])
	}
	if err != nil {
		c.session.end(c.history.now(), causeUnknown)
	}

	return n, err
}

// noteRead notes a read. One that comes after two heartbeats of silence may find the client giving
// the connection up: then what is read is lost.
func (c *recordingConn) noteRead(at moment) {
	const nearly = 2*heartbeat - 200*time.Millisecond
	if c.lastRead != never && at.since(c.lastRead) > nearly {
		c.session.noteSilence()
	}
	c.lastRead = at
}

func (c *recordingConn) Write(p []byte) (int, error) {
	if c.vanished() {
		return len(p), nil
	}
	c.outgoing.feed(p) // before the bytes can have an effect

	return c.Conn.Write(p)
}

// CloseWrite is what the client ends a TCP connection with.
func (c *recordingConn) CloseWrite() error {
	if half, ok := c.Conn.(*net.TCPConn); ok && !c.vanished() {
		return half.CloseWrite()
	}

	return nil
}

func (c *recordingConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	c.session.end(c.history.now(), causeUnknown)
	if c.vanished() {
		return nil
	}

	return c.Conn.Close()
}

// cut breaks the connection at once, as a network does that sends a reset.
func (c *recordingConn) cut() {
	if half, ok := c.Conn.(*net.TCPConn); ok {
		_ = half.SetLinger(0)
	}
	_ = c.Conn.Close()
}

// noteIncoming notes a frame of the server.
func (c *recordingConn) noteIncoming(f wire.Frame) {
	switch f.Kind {
	case wire.KindWelcome:
		if w, err := wire.ParseWelcome(f.Payload); err == nil {
			c.session.user.welcomed(c.session, w.Session)
		}
	case wire.KindGoodbye:
		c.session.noteGoodbye(wire.Goodbye(f.Cmd))
	case wire.KindPush:
		if from, msg, err := wire.ParsePeer(f.Payload); err == nil && f.Ver == wire.EngineVer && f.Cmd == wire.CommandSend {
			c.history.arrived(string(from), c.session, msg)
		}
	default:
	}
}

// noteOutgoing notes a frame of the client.
func (c *recordingConn) noteOutgoing(f wire.Frame) {
	if f.Kind != wire.KindRequest || f.Ver != wire.EngineVer || f.Cmd != wire.CommandSend {
		return
	}
	if to, msg, err := wire.ParsePeer(f.Payload); err == nil {
		c.history.written(c.session, string(to), msg)
	}
}
