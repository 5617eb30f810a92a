package link

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const secret = "a secret of this test"

var nodeA, nodeB = Node{"a", 1}, Node{"b", 2}

// recorder is a Receiver that notes what comes.
type recorder struct {
	on func(packet []byte) // called with each packet; nil: nothing

	mu     sync.Mutex
	events []string // guarded by mu
	ended  bool     // guarded by mu
	why    error    // guarded by mu
}

func (r *recorder) notef(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

func (r *recorder) Packet(port uint8, stamp uint64, packet []byte) {
	if r.on != nil {
		r.on(packet)

		return
	}
	r.notef("packet %d %d %s", port, stamp, packet)
}
func (r *recorder) Control(packet []byte) { r.notef("control %s", packet) }
func (r *recorder) Beat(stamp uint64)     { r.notef("beat %d", stamp) }
func (r *recorder) Open()                 { r.notef("open") }
func (r *recorder) Goodbye(stamp uint64)  { r.notef("goodbye %d", stamp) }

func (r *recorder) over() (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()

	return r.ended, r.why
}

func (r *recorder) has(events ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()

	return slices.Equal(r.events, events)
}

func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// run runs a link until the test ends.
func run(t *testing.T, l *Link, r *recorder) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() {
		err := l.Run(r)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended, r.why = true, err
	})
	t.Cleanup(func() {
		l.Close(ErrClosed)
		wg.Wait()
	})
}

// logged collects log lines.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.buf.Write(b)
}

func (l *logged) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	return strings.Contains(l.buf.String(), text)
}

// open opens a node's door.
func open(t *testing.T, opts Options) *Door {
	t.Helper()
	if opts.Key == (Key{}) {
		opts.Key = NewKey(secret)
	}
	if opts.MaxPacket == 0 {
		opts.MaxPacket = 64 << 10
	}
	if opts.Admit == nil {
		opts.Admit = func(*Link) bool { return false }
	}
	d, err := Listen(context.Background(), "127.0.0.1:0", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)

	return d
}

// pair is the two ends of a link, of which the caller sets what they say of both doors. None runs.
func pair(t *testing.T, opts Options) (caller, called *Link) {
	t.Helper()
	in := make(chan *Link, 1)
	a, b := opts, opts
	a.Self, b.Self = nodeA, nodeB
	b.Admit = func(l *Link) bool {
		in <- l

		return true
	}
	ad, bd := open(t, a), open(t, b)
	caller, err := ad.Dial(t.Context(), bd.Addr().String(), nodeB)
	if err != nil {
		t.Fatal(err)
	}
	called = <-in
	await(t, "the handshake is over", func() bool {
		called.mu.Lock()
		defer called.mu.Unlock()

		return !called.writing
	})
	t.Cleanup(func() { caller.Close(ErrClosed); called.Close(ErrClosed) })

	return caller, called
}

func logger(l *logged) *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// dialRaw is a connection to a door from which bytes can be sent.
func dialRaw(t *testing.T, d *Door) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))

	return conn
}

func tlsServer(c net.Conn, d *Door) *tls.Conn { return tls.Server(c, d.cert) }

func tlsClient(c net.Conn) *tls.Conn {
	return tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
}
