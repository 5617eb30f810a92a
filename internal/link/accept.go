package link

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"syscall"
	"time"
)

const (
	// maxHandshakes bounds the handshakes under way as acceptor.
	maxHandshakes = 64
	// tlsRecord is the first byte of a TLS connection.
	tlsRecord = 0x16
	// acceptPause is the wait after an error of the listener.
	acceptPause = 10 * time.Millisecond
)

func (e *Endpoint) accept() {
	for {
		base, err := e.ln.Accept()
		e.cfg.Gate()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptors, or the dialer has gone already
			select {
			case <-e.done:
				return
			case <-time.After(acceptPause):
			}

			continue
		}
		select {
		case e.room <- struct{}{}:
		default:
			_ = base.Close()
			e.countRefusal(ErrBusy)

			continue
		}
		if !e.enter(base) || !e.spawn(func() { e.receive(base) }) {
			_ = base.Close()
			e.leave(base)
			<-e.room
		}
	}
}

// enter notes a handshake under way, so that Close can end it.
func (e *Endpoint) enter(base net.Conn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.handshakes[base] = struct{}{}

	return true
}

func (e *Endpoint) leave(base net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.handshakes, base)
}

// receive takes an accepted connection: a link's, or one of another protocol.
func (e *Endpoint) receive(base net.Conn) {
	stream := e.serveHandshake(base)
	e.leave(base)
	<-e.room
	if stream != nil {
		e.cfg.Streams(stream)
	}
}

// serveHandshake takes an accepted connection. It returns it if it is one of another protocol.
func (e *Endpoint) serveHandshake(base net.Conn) (stream net.Conn) {
	_ = base.SetDeadline(time.Now().Add(handshakeTime))
	first := &peeked{Conn: base}
	if _, err := base.Read(first.first[:]); err != nil {
		_ = base.Close() // a probe: it sends nothing
		e.countRefusal(err)

		return nil
	}
	e.cfg.Gate()
	if first.first[0] != tlsRecord {
		if e.cfg.Streams == nil {
			_ = base.Close()
			e.refused(base.RemoteAddr(), errNotTLS)

			return nil
		}
		_ = base.SetDeadline(time.Time{})

		return first
	}
	s := &handshake{e: e}
	if err := s.accept(base, first.first[:]); err != nil {
		_ = base.Close()
		e.refused(base.RemoteAddr(), err)
	}

	return nil
}

// peeked is a connection whose first byte was read and is read again.
type peeked struct {
	net.Conn

	first [1]byte
	again bool // owned by the reader; the first byte was read again
}

func (c *peeked) Read(p []byte) (int, error) {
	if !c.again && len(p) > 0 {
		c.again = true
		p[0] = c.first[0]

		return 1, nil
	}

	return c.Conn.Read(p)
}

// countRefusal counts a handshake that failed.
func (e *Endpoint) countRefusal(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refusals[refusalName(err)]++
}

// refused counts a handshake that failed, and logs it once in a while for each address.
func (e *Endpoint) refused(from net.Addr, err error) {
	e.countRefusal(err)
	host, _, splitErr := net.SplitHostPort(from.String())
	if splitErr != nil {
		host = from.String()
	}
	e.logRefusal("a link was refused", host, err)
}

// logRefusal logs at most once in 30 s for each address.
func (e *Endpoint) logRefusal(text, host string, err error) {
	const sayAgain, maxSaid = 30 * time.Second, 256
	level := slog.LevelWarn
	for _, expected := range []error{
		ErrWrongNode, ErrBusy, ErrSelf, errEnded, errStale, io.EOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE,
	} {
		if errors.Is(err, expected) {
			level = slog.LevelDebug // part of a restart, a resume or a probe
		}
	}
	if level == slog.LevelWarn {
		e.mu.Lock()
		now := time.Now()
		last, known := e.lastLogged[host]
		again := (!known || now.Sub(last) >= sayAgain) && !e.closed
		if again {
			if len(e.lastLogged) >= maxSaid {
				clear(e.lastLogged)
			}
			e.lastLogged[host] = now
		}
		e.mu.Unlock()
		if !again {
			return
		}
	}
	e.cfg.Logger.Log(e.ctx, level, text, "address", host, "error", err) //nolint:sloglint // two fixed texts
}
