package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// A relay's frames, between it and its clients and between the two relays, all numbers big-endian:
//
//	length u32 (of what follows) | to u32 | payload
//
// A client's first frame carries its user number, and the relay returns that frame unchanged. A
// relay's first frame to the other relay does the same with relayHello.
const (
	relayHeader      = 8
	relayUsers       = 1 << 16
	relayHello       = 1<<32 - 1
	clientReadBuffer = 256      // of a client: a message fits; a longer one makes the buffer grow
	linkReadBuffer   = 64 << 10 // of the other relay: many messages come at once
)

// relay is the floor: the least that a Go program can do to bring A's message to B through another
// process. It has no names, tokens, responses, limits, heartbeats or reconnects.
type relay struct {
	users [relayUsers]atomic.Pointer[net.Conn]
	link  atomic.Pointer[combiningWriter]

	mu     sync.Mutex
	conns  map[net.Conn]struct{} // guarded by mu; nil once closed
	serves sync.WaitGroup
}

// ServeRelay runs a relay until ctx ends. If join is not empty, that is where the other relay
// listens. It announces where it listens.
func ServeRelay(ctx context.Context, join string, announce func(name, value string)) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", loopback)
	if err != nil {
		return err
	}
	r := &relay{conns: map[net.Conn]struct{}{}}
	if join != "" {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", join)
		if err != nil {
			_ = ln.Close()

			return fmt.Errorf("the other relay: %w", err)
		}
		if _, err := conn.Write(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 4}, relayHello)); err != nil {
			_ = ln.Close()

			return fmt.Errorf("the other relay: %w", err)
		}
		r.serve(conn, func() { r.serveLink(conn, nil) })
	}
	r.serves.Go(func() { r.accept(ln) })
	announce("clients", ln.Addr().String())
	announce("ready", "")
	<-ctx.Done()
	_ = ln.Close()
	r.close()

	return nil
}

func (r *relay) accept(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		r.serve(conn, func() { r.client(conn) })
	}
}

// serve runs f, which reads a connection to its end.
func (r *relay) serve(conn net.Conn, f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns == nil {
		_ = conn.Close()

		return
	}
	r.conns[conn] = struct{}{}
	r.serves.Go(func() {
		f()
		_ = conn.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.conns, conn)
	})
}

func (r *relay) close() {
	r.mu.Lock()
	for conn := range r.conns {
		_ = conn.Close()
	}
	r.conns = nil
	r.mu.Unlock()
	r.serves.Wait()
}

// client reads a client's frames and passes each on, from this very goroutine.
func (r *relay) client(conn net.Conn) {
	me := uint32(relayHello)
	rest, err := eachFrame(conn, make([]byte, clientReadBuffer), nil, func(to uint32, frame []byte) error {
		if me != relayHello {
			return r.forward(to, frame)
		}
		if to == relayHello {
			return errLinkOpened
		}
		if me = to; me >= relayUsers {
			return errRelay
		}
		r.users[me].Store(&conn)
		_, err := conn.Write(frame)

		return err
	})
	if errors.Is(err, errLinkOpened) {
		r.serveLink(conn, rest)
	} else if me < relayUsers {
		r.users[me].CompareAndSwap(&conn, nil)
	}
}

func (r *relay) forward(to uint32, frame []byte) error {
	if to >= relayUsers {
		return errRelay
	}
	if conn := r.users[to].Load(); conn != nil {
		_, _ = (*conn).Write(frame) // the connection's reader handles the error

		return nil
	}
	if mesh := r.link.Load(); mesh != nil {
		return mesh.write(frame)
	}

	return nil
}

// serveLink reads the other relay's frames; the first of them have perhaps arrived already.
func (r *relay) serveLink(conn net.Conn, begin []byte) {
	r.link.Store(&combiningWriter{conn: conn})
	_, _ = eachFrame(conn, make([]byte, linkReadBuffer), begin, func(to uint32, frame []byte) error {
		if to < relayUsers {
			if conn := r.users[to].Load(); conn != nil {
				_, _ = (*conn).Write(frame)
			}
		}

		return nil
	})
}

var (
	errRelay      = errors.New("a frame that no client of a relay sends")
	errLinkOpened = errors.New("this is no client but the other relay")
)

// eachFrame reads frames until the connection ends or f returns an error, and then returns what it
// has read but not used. The frame, with its head, is valid during the call.
func eachFrame(conn net.Conn, buf, begin []byte, f func(to uint32, frame []byte) error) (rest []byte, err error) {
	buf = append(buf, make([]byte, max(len(begin)-len(buf), 0))...)
	r, w := 0, copy(buf, begin)
	for {
		for w-r >= relayHeader {
			n := 4 + int(binary.BigEndian.Uint32(buf[r:]))
			if n < relayHeader || n > maxFrame {
				return nil, errRelay
			}
			if w-r < n {
				if n > len(buf) {
					buf = append(buf, make([]byte, n-len(buf))...)
				}

				break
			}
			frame := buf[r : r+n]
			r += n
			if err := f(binary.BigEndian.Uint32(frame[4:]), frame); err != nil {
				return buf[r:w], err
			}
		}
		if r > 0 {
			w = copy(buf, buf[r:w])
			r = 0
		}
		n, err := conn.Read(buf[w:])
		if err != nil {
			return nil, err
		}
		w += n
	}
}
