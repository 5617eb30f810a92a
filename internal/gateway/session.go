package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/internal/quota"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// The phases of a session, which only go forward.
//
//	hello ──▶ admitting ──▶ open ──▶ closing ──▶ closed
//	  └───────────┴──────────────────▲
//
// Until the session is open, it is corked: pushes are queued, because the welcome comes first.
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
// One goroutine at a time is its reader: it logs the client in, reads, dispatches, and ends last;
// see read.go and loop.go. The writer is a goroutine that has a frame to send: see write.go.
// There is one session for every client, so fields are few.
type session struct {
	gw   *Gateway
	conn netio.Conn // watched by a loop once the session is open, where that is supported
	addr string

	address addressKey            // for which it counts at the door
	program unique.Handle[string] // what the client says it is, for the log; the zero Handle unless the log has level debug

	via   transport
	place place // guarded by mu; where it counts
	// wheelSlot is guarded by the wheel's mu; -1: not in the wheel.
	wheelSlot int16

	turn   netio.Turns // of a watched session: see loop.go
	hangup atomic.Bool // of a watched session: the client has closed, and its last bytes are to be read

	// Owned by the reader.
	input          netio.ReadBuffer
	frag           netio.ReadBuffer // the beginning of a fragmented WebSocket message
	fragBegun      bool
	fragDone       bool // frag was returned to the reader and is to be dropped
	handledRequest bool // the last run of handleArrived had a request
	queue          command.UserQueue
	budget         budget

	token tokenState // see token.go

	phase      atomic.Uint32 // written with mu held
	readerBusy atomic.Bool   // the reader is in a handler, or pauses: the connection is not read
	readHolds  atomic.Uint32 // written with mu held; why the client is not read from: see hold.go
	lastHeard  atomic.Uint32 // tick of the latest read
	lastSent   atomic.Uint32 // tick of the latest write

	lastPing   uint32        // tick of the latest ping; owned by the sweeper
	pingedAt   atomic.Uint32 // when that was sent, in milliseconds of elapsed; 0: it was answered
	latency    atomic.Uint32 // of the latest ping that was answered, in milliseconds and at least 1; 0: none was
	wheelIndex int32         // guarded by the wheel's mu

	memory     quota.Share // guarded by mu; of out
	mu         sync.Mutex
	user       *user.User         // guarded by mu until open, then fixed
	out        outbox             // guarded by mu
	code       wire.Goodbye       // guarded by mu; fixed from closing on
	writing    bool               // guarded by mu; there is a writer, or the session is corked
	flushed    bool               // guarded by mu; closing, and all is written
	admitted   bool               // guarded by mu; Host.Leave is due
	closeState *closeState        // guarded by mu; nil until closing
	pause      chan struct{}      // guarded by mu; the reader waits for it
	cancel     context.CancelFunc // guarded by mu; ends Admit
}

// closeState is the part of a session that exists only while it closes.
type closeState struct {
	deadline   time.Time     // when abort is called
	drained    chan struct{} // closed when all is written or abort was called
	abortTimer *time.Timer
	leaveTimer *time.Timer // nil unless the reader was in a handler
}

func (g *Gateway) newSession(v *visitor, via transport) *session {
	conn := v.conn
	if via == overTLS {
		conn = tls.Server(v.stream(), g.cfg.TLS)
	}
	s := &session{gw: g, via: via, addr: v.addr, address: v.address, place: pendingPlace, wheelSlot: -1, writing: true}
	s.token.rates.Store(&g.cfg.Rates)
	s.conn.Init(conn)

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
	if most := s.gw.maxBody - wire.HeaderSize - 1; len(message) > most { // the client waits for a response
		text := fmt.Sprintf("the response is too long: %d bytes, at most %d", len(message), most)
		status, f.Payload = uint8(wire.StatusError), wire.AppendErrorData(nil, wire.CodeTooLarge, text)
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

// Latency implements sessions.Conn.
func (s *session) Latency() time.Duration {
	return time.Duration(s.latency.Load()) * time.Millisecond
}

// answered notes that the latest ping was answered.
func (s *session) answered() {
	if at := s.pingedAt.Swap(0); at != 0 {
		s.latency.Store(max(1, s.gw.milliseconds()-at))
	}
}

// Transport implements sessions.Conn.
func (s *session) Transport() string { return transportNames[s.via] }
