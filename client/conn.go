package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/wire"
)

const (
	maxHeartbeat   = 24 * time.Hour
	maxMaxMessage  = 1 << 30
	goodbyeTimeout = time.Second     // for a goodbye to a server that is at fault
	flushTimeout   = 5 * time.Second // for what is queued at Close
	lingerTimeout  = time.Second     // for the server to close after our goodbye
)

// errEnded: the connection takes no more frames; this one was not sent.
var errEnded = errors.New("client: connection has ended")

// conn is one connection to the server, from its welcome on. A client has one after another.
type conn struct {
	tr         transport
	welcome    wire.Welcome
	heartbeat  time.Duration
	maxMessage int
	born       time.Time // zero of its clock

	out   outbox
	calls pendingRequests

	heard   atomic.Int64 // clock when the last frame came in
	paused  atomic.Bool  // the reader waits for callbacks: silence means nothing
	retired atomic.Bool  // it takes no requests any more; set before out is finished and before the end

	once  sync.Once
	cause error         // why it ended; to be read after done is closed
	done  chan struct{} // closed when it has ended
}

// newConn makes a connection of a transport that got a welcome.
func newConn(tr transport, w wire.Welcome, cfg *config) (*conn, error) {
	if w.User == "" || w.HeartbeatMS < 1 || w.MaxMessage < 1 {
		return nil, fmt.Errorf("%w: its welcome lacks the user, the heartbeat or the longest message", ErrProtocol)
	}
	cn := &conn{
		tr:         tr,
		welcome:    w,
		heartbeat:  maxHeartbeat,
		maxMessage: min(w.MaxMessage, maxMaxMessage),
		born:       time.Now(),
		done:       make(chan struct{}),
	}
	if int64(w.HeartbeatMS) < maxHeartbeat.Milliseconds() {
		cn.heartbeat = time.Duration(w.HeartbeatMS) * time.Millisecond
	}
	if cfg.maxMessage > 0 {
		cn.maxMessage = min(cn.maxMessage, cfg.maxMessage)
	}
	tr.limit(cn.maxMessage + wire.FrameRoom)
	cn.out.init(tr, cn.clock)
	cn.heard.Store(int64(cn.clock()))

	return cn, nil
}

// clock is the connection's age, and never 0: the outbox means something else by that.
func (cn *conn) clock() time.Duration { return time.Since(cn.born) + 1 }

// put sends a frame, waiting for room in the outbox. The error is errEnded or the context's.
func (cn *conn) put(ctx context.Context, f wire.Frame, peer string) error {
	for {
		room, ok := cn.out.add(f, peer)
		switch {
		case !ok:
			return errEnded
		case room == nil:
			return nil
		}
		select {
		case <-room:
		case <-cn.done:
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// end closes the connection. The first cause is the one that counts.
func (cn *conn) end(cause error) {
	cn.once.Do(func() {
		cn.retired.Store(true)
		cn.cause = cause
		close(cn.done)
		cn.tr.close()
		if !errors.Is(cause, ErrClosed) {
			cause = fmt.Errorf("%w: %w", ErrConnectionLost, cause)
		}
		cn.calls.fail(cause)
	})
}

// closeWith says goodbye to a server that is at fault, if that is quickly done, and ends the
// connection.
func (cn *conn) closeWith(code wire.Goodbye, cause error) {
	cn.sayGoodbye(code, cause.Error())
	cn.wait(cn.out.flushed, goodbyeTimeout)
	cn.end(cause)
}

// leave flushes what is queued, says goodbye and gives the server a moment to close, which proves
// that it read all.
func (cn *conn) leave() error {
	cn.calls.fail(ErrClosed)
	cn.sayGoodbye(wire.GoodbyeLeaving, "")
	flushed := cn.wait(cn.out.flushed, flushTimeout)
	if flushed {
		cn.wait(cn.done, lingerTimeout)
	}
	cn.end(ErrClosed)
	if !flushed {
		return fmt.Errorf("%w: the server does not read what was still to be sent", ErrConnectionLost)
	}

	return nil
}

func (cn *conn) sayGoodbye(code wire.Goodbye, text string) {
	cn.retired.Store(true)
	cn.out.finish(wire.Frame{Kind: wire.KindGoodbye, Cmd: uint16(code), Payload: []byte(text)})
}

// wait tells whether c was closed in time, the connection's end being in time too.
func (cn *conn) wait(c <-chan struct{}, timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-c:
	case <-cn.done:
	case <-timer.C:
		return false
	}

	return true
}
