package gateway

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// The phases of a session. It only goes forward.
//
//	hello ──▶ admitting ──▶ open ──▶ closing ──▶ closed
//	  └───────────┴──────────────────▲
//
// Until it is open, the session is corked: what is pushed waits, because the welcome comes first.
// From closing on nothing more is pushed or dispatched; a goodbye and what was queued before it are
// still being written.
const (
	hello uint32 = iota
	admitting
	open
	closing
	closed
)

// transport is how frames are put onto a connection.
type transport uint8

const (
	overTCP transport = iota
	overTLS
	overWS
	overWSS
)

var transportNames = [...]string{"tcp", "tls", "ws", "wss"}

func (t transport) websocket() bool { return t == overWS || t == overWSS }

// session is one connection. It is the sessions.Conn of its user.
//
// One goroutine at a time is its reader: it logs the client in, reads, dispatches, and is the last
// to go; see read.go and rawconn.go. Writing is done by whoever has something to say: see send.go.
// There is one of these for every client, so fields are few.
type session struct {
	gw   *Gateway
	conn net.Conn      // of a bare session guarded by mu, and nil but for a time: see attach
	sock *netio.Conn   // as conn; not usable where reads and writes block: TLS, windows
	raw  netio.RawConn // the connection of an open session that a loop watches
	loop *netio.Loop   // fixed once bare
	addr string

	via transport

	reader atomic.Uint32 // of a bare session: see rawconn.go
	hangup atomic.Bool   // of a bare session: the client has closed, and the end of what it sent is to be read

	// Owned by the reader.
	input          readBuffer
	waitBuffer     [16]byte // where fillBlocking waits
	frag           *chunk   // the beginning of a fragmented WebSocket message
	fragLen        int
	fragDone       bool // it was handed out and is to be dropped
	queue          command.UserQueue
	handledRequest bool // the last run of handleArrived had a request

	phase          atomic.Uint32 // written with mu held
	readerBusy     atomic.Bool   // the reader is in a handler, or pauses: the client is not being heard
	aboveHighWater atomic.Bool   // written with mu held; the outbox is half full: the reader pauses
	lastHeard      atomic.Uint32 // tick when something last came
	lastSent       atomic.Uint32 // tick when something was last written

	lastPing   uint32 // owned by the sweeper
	wheelSlot  int16  // guarded by the wheel's mu; -1: not in it
	wheelIndex int32  // guarded by the wheel's mu

	mu         sync.Mutex
	user       *user.User         // guarded by mu until open, then fixed
	out        outbox             // guarded by mu
	writing    bool               // guarded by mu; somebody writes, or the session is corked
	flushed    bool               // guarded by mu; closing, and all is written
	admitted   bool               // guarded by mu; Host.Leave is due
	code       wire.Goodbye       // guarded by mu; fixed from closing on
	closeState *closeState        // guarded by mu; nil until closing
	pause      chan struct{}      // guarded by mu; the reader waits for it
	cancel     context.CancelFunc // guarded by mu; ends Admit
}

// ending is what a session needs only at its end.
type closeState struct {
	deadline   time.Time     // when the connection is cut
	drained    chan struct{} // closed when all is written or the connection is cut
	abortTimer *time.Timer
	leaveTimer *time.Timer // nil unless the reader was in a handler
}

func (g *Gateway) newSession(conn net.Conn, via transport) *session {
	s := &session{gw: g, conn: conn, sock: new(netio.Conn), via: via, wheelSlot: -1, writing: true}
	if a := conn.RemoteAddr(); a != nil {
		s.addr = a.String()
	}
	s.sock.Use(conn)

	return s
}

// Push implements sessions.Conn.
func (s *session) Push(ver uint8, cmd uint16, message []byte, _ bool, done sessions.Done) error {
	f := wire.Frame{Kind: wire.KindPush, Ver: ver, Cmd: cmd, Payload: message}
	if wire.HeaderSize+len(message) > s.gw.maxBody {
		return sessions.ErrTooLarge
	}

	return s.send(f, noStatus, done, 1)
}

// Respond implements sessions.Conn.
func (s *session) Respond(id uint32, ver uint8, cmd uint16, status uint8, message []byte, _ bool) error {
	f := wire.Frame{Kind: wire.KindResponse, Ver: ver, Cmd: cmd, ID: id, Payload: message}
	if wire.HeaderSize+1+len(message) > s.gw.maxBody {
		return sessions.ErrTooLarge
	}
	err := s.send(f, int(status), nil, 2)
	if err == sessions.ErrBusy { //nolint:errorlint // as send returns it
		// The client would wait for ever for this response.
		s.closeWith(wire.GoodbyeSlow, "does not read the responses to its requests", CauseSlow)
	}

	return err
}

// Close implements sessions.Conn.
func (s *session) Close(code uint16, text string) {
	g := wire.Goodbye(code)
	s.closeWith(g, text, causeOf(g))
}

// Addr implements sessions.Conn.
func (s *session) Addr() string { return s.addr }

// Transport implements sessions.Conn.
func (s *session) Transport() string { return transportNames[s.via] }
