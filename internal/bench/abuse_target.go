package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/wire"
)

// target is the two nodes that an attack is run against, and the attacking clients. All of them are
// on the first node; some attacks have users on the second one.
type target struct {
	tcp, web []string // addresses, by node
	key      auth.Key
	prefix   string // of the attackers' user IDs

	// sending ends when the attack is to end, and conns when its last answers are in, which is
	// linger later at most.
	sending context.Context //nolint:containedctx // of the attack, which this is
	conns   context.Context //nolint:containedctx // of its connections
	linger  time.Duration

	tasks    sync.WaitGroup // all goroutines
	asking   sync.WaitGroup // those that wait for their last answers
	entering sync.WaitGroup // clients that are not logged in yet
	logins   chan struct{}  // bounds the logins under way
	begin    chan struct{}  // closed when all clients are logged in

	bound   int           // of connections, where an attack has many; 0: none
	work    atomic.Uint64 // what the attack has done so far
	unit    string        // of work
	open    atomic.Int64  // connections without a login
	atEnd   func() string // what to say when the attack ends
	verdict func() (text string, failed bool)

	mu   sync.Mutex
	last error // the last failure of a login or connection; guarded by mu
}

const (
	attackNetwork  = 16 // 127.0.16.x and up: attackers with an address for each 100 clients
	clientsPerAddr = 100
	reconnectPause = 50 * time.Millisecond
)

// client is what a client of an attack does with its connection; it returns when that has ended.
type client func(c *conn)

// addClient logs a user in, waits until all clients are in, and runs do. A client that is closed
// comes back.
func (t *target) addClient(user uint32, node int, web bool, do client) {
	t.entering.Add(1)
	t.tasks.Go(func() {
		entered := sync.OnceFunc(t.entering.Done)
		defer entered()
		for t.conns.Err() == nil {
			err := t.withLogin(user, node, web, func(c *conn) {
				entered()
				select {
				case <-t.begin:
					do(c)
				case <-t.conns.Done():
				}
			})
			if err != nil {
				t.failed(err)
			}
			sleep(t.conns, reconnectPause)
		}
	})
}

// failed records the failure of a login or of a connection.
func (t *target) failed(err error) {
	if t.conns.Err() != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = err
}

// atMost is n, or the bound on the connections of an attack.
func (t *target) atMost(n int) int {
	if t.bound > 0 {
		return min(n, t.bound)
	}

	return n
}

// withLogin runs do with a connection of a user, and closes it.
func (t *target) withLogin(user uint32, node int, web bool, do func(c *conn)) error {
	select {
	case t.logins <- struct{}{}:
	case <-t.conns.Done():
		return nil
	}
	c, err := t.login(user, node, web)
	<-t.logins
	if err != nil {
		return err
	}
	defer c.close()
	unwatched := context.AfterFunc(t.conns, c.close)
	defer unwatched()
	do(c)

	return nil
}

// login logs a user in. Its messages ask for a response.
func (t *target) login(user uint32, node int, web bool) (*conn, error) {
	raw, err := t.dial(node, web, loopbackAddr(attackNetwork+int(user)/clientsPerAddr, 1))
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, protocol: t.protocol(web, true), user: user}
	if err := raw.SetDeadline(time.Now().Add(loginTimeout)); err != nil {
		return nil, err
	}
	stop := context.AfterFunc(t.conns, c.close)
	defer stop()
	if err := c.protocol.login(c, user); err != nil {
		c.close()

		return nil, fmt.Errorf("login of an attacker: %w", err)
	}

	return c, raw.SetDeadline(time.Time{})
}

// dial connects to a node. Closing the connection discards it at once (no TIME_WAIT).
func (t *target) dial(node int, web bool, from net.Addr) (net.Conn, error) {
	at := t.tcp[node]
	if web {
		at = t.web[node]
	}
	d := net.Dialer{LocalAddr: from, Timeout: loginTimeout}
	raw, err := d.DialContext(t.conns, "tcp", at)
	if err != nil {
		return nil, dialHint(err)
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}

	return raw, nil
}

func (t *target) protocol(web, responses bool) *parleyProtocol {
	return &parleyProtocol{key: t.key, prefix: t.prefix, webSocket: web, responses: responses, limited: true}
}

// frames is the frames of one message to each of some users, one after another: what a flood writes
// at once. They ask for no response.
func (t *target) frames(size int, users ...uint32) []byte {
	var all []byte
	for _, user := range users {
		all = append(all, t.protocol(false, false).message(user, size).frame...)
	}

	return all
}

// flood writes frames again and again, as fast as the connection takes them.
func (t *target) flood(c *conn, frames []byte, count int) {
	for t.conns.Err() == nil {
		if c.write(frames) != nil {
			return
		}
		t.work.Add(uint64(count))
	}
}

// repeat is a frame many times, some 32 KB, and how many times.
func repeat(frame []byte) (frames []byte, count int) {
	const batch = 32 << 10
	count = max(batch/len(frame), 1)
	frames = make([]byte, 0, count*len(frame))
	for range count {
		frames = append(frames, frame...)
	}

	return frames, count
}

// readAll reads until the connection ends, and answers pings.
func (t *target) readAll(c *conn) {
	for {
		_, err := c.event()
		if _, refused := errors.AsType[*wire.Error](err); err != nil && !refused {
			return
		}
	}
}

// readNothing waits for the end of the attack.
func (t *target) readNothing(*conn) { <-t.conns.Done() }

// frame reads the next frame of a TCP connection.
func (c *conn) frame() (wire.Frame, error) {
	for {
		body, n, err := wire.Split(c.buf[c.r:c.w], maxBody)
		if err != nil {
			return wire.Frame{}, err
		}
		if n > 0 {
			c.r += n

			return wire.ParseBody(body)
		}
		if err := c.fill(); err != nil {
			return wire.Frame{}, err
		}
	}
}
