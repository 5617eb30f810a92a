package chaos

import (
	"net"
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

// recordingConn is a client's connection that can be made to fail, and that notes what goes
// through.
//
//	client ◀── Read ◀── gate ◀── in: welcome, messages, goodbye noted ◀── network
//	client ──▶ Write ──────────▶ out: requests noted ──────────────────▶ network
type recordingConn struct {
	net.Conn

	s       *session
	history *history
	in, out framing // in is the reader's, out the writer's
	last    moment  // the reader's: when something was read

	mu     sync.Mutex
	gate   chan struct{} // guarded by mu: closed when reading goes on; nil while it does
	ghost  bool          // guarded by mu: nothing goes through any more, and the other side is not to know
	closed chan struct{}
	once   sync.Once
}

func newRecordingConn(c net.Conn, s *session, l *history, web bool) *recordingConn {
	t := &recordingConn{Conn: c, s: s, history: l, closed: make(chan struct{})}
	t.in = framing{web: web, each: t.came}
	t.out = framing{web: web, each: t.went}

	return t
}

// stall makes the client stop reading.
func (t *recordingConn) stall() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gate == nil {
		t.gate = make(chan struct{})
	}
}

// resume lets it read again.
func (t *recordingConn) resume() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gate != nil && !t.ghost {
		close(t.gate)
		t.gate = nil
	}
}

// vanish makes it as if the client's machine had lost its power. Only bury closes the connection.
func (t *recordingConn) vanish() {
	t.stall()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ghost = true
}

func (t *recordingConn) bury() { _ = t.Conn.Close() }

func (t *recordingConn) vanished() bool {
	t.mu.Lock()
	defer t.mu.Unlock()

	return t.ghost
}

// pass waits while the client does not read.
func (t *recordingConn) pass() error {
	for {
		t.mu.Lock()
		gate := t.gate
		t.mu.Unlock()
		if gate == nil {
			return nil
		}
		select {
		case <-gate:
		case <-t.closed:
			return net.ErrClosed
		}
	}
}

func (t *recordingConn) Read(p []byte) (int, error) {
	if err := t.pass(); err != nil {
		return 0, err
	}
	n, err := t.Conn.Read(p)
	if e := t.pass(); e != nil {
		return 0, e
	}
	if n > 0 {
		t.heard(t.history.now())
		t.in.feed(p[:n])
	}
	if err != nil {
		t.s.end(t.history.now(), fateUnknown)
	}

	return n, err
}

// heard notes a read. One that comes after two heartbeats of silence may find the client giving the
// connection up: then what is read is lost.
func (t *recordingConn) heard(at moment) {
	const nearly = 2*heartbeat - 200*time.Millisecond
	if t.last != never && at.since(t.last) > nearly {
		t.s.fellSilent()
	}
	t.last = at
}

func (t *recordingConn) Write(p []byte) (int, error) {
	if t.vanished() {
		return len(p), nil
	}
	t.out.feed(p) // before the bytes can have an effect

	return t.Conn.Write(p)
}

// CloseWrite is what the client ends a TCP connection with.
func (t *recordingConn) CloseWrite() error {
	if half, ok := t.Conn.(*net.TCPConn); ok && !t.vanished() {
		return half.CloseWrite()
	}

	return nil
}

func (t *recordingConn) Close() error {
	t.once.Do(func() { close(t.closed) })
	t.s.end(t.history.now(), fateUnknown)
	if t.vanished() {
		return nil
	}

	return t.Conn.Close()
}

// cut breaks the connection at once, as a network does that sends a reset.
func (t *recordingConn) cut() {
	if half, ok := t.Conn.(*net.TCPConn); ok {
		_ = half.SetLinger(0)
	}
	_ = t.Conn.Close()
}

// came notes a frame of the server.
func (t *recordingConn) came(f wire.Frame) {
	switch f.Kind {
	case wire.KindWelcome:
		if w, err := wire.ParseWelcome(f.Payload); err == nil {
			t.s.who.welcomed(t.s, w.Session)
		}
	case wire.KindGoodbye:
		t.s.toldGoodbye(wire.Goodbye(f.Cmd))
	case wire.KindPush:
		if from, msg, err := wire.ParsePeer(f.Payload); err == nil && f.Ver == 1 && f.Cmd == sendCommand {
			t.history.arrived(string(from), t.s, msg)
		}
	default:
	}
}

// went notes a frame of the client.
func (t *recordingConn) went(f wire.Frame) {
	if f.Kind != wire.KindRequest || f.Ver != 1 || f.Cmd != sendCommand {
		return
	}
	if to, msg, err := wire.ParsePeer(f.Payload); err == nil {
		t.history.written(t.s, string(to), msg)
	}
}

// sendCommand is the built-in command, and push, of a message.
const sendCommand = 701
