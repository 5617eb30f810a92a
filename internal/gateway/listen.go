package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// ErrClosed is what Serve returns on a gateway that has been told to stop.
var ErrClosed = errors.New("gateway: closed")

const (
	shortestBackoff = 5 * time.Millisecond
	longestBackoff  = time.Second
)

// PortFree returns the error that listening at addr would have now, nil if none. It leaves no
// listener open: the port of a node that cannot serve yet stays closed, and another process may
// take it meanwhile.
func PortFree(ctx context.Context, addr string) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}

	return ln.Close()
}

// Serve accepts connections from ln until Drain or Close, then returns nil; it closes ln. When the
// operating system cannot accept, for instance for want of file descriptors, it logs that and
// retries after a pause.
func (g *Gateway) Serve(ln net.Listener) error {
	if !g.register(ln) {
		_ = ln.Close()

		return ErrClosed
	}
	defer g.routines.Done()
	defer ln.Close()
	via := overTCP
	if g.cfg.TLS != nil {
		via = overTLS
	}

	return g.acceptLoop(ln, via == overTLS, g.stopped, func(v *visitor) { g.begin(v, via) })
}

// acceptLoop calls take with each connection that the door lets in, until done is closed or the
// listener fails. TLS connections are accepted with a slot only.
func (g *Gateway) acceptLoop(ln net.Listener, secure bool, done <-chan struct{}, take func(*visitor)) error {
	var (
		pause time.Duration
		s     *slot
	)
	for {
		if secure && s == nil {
			if s = g.tlsSlots.acquire(done); s == nil {
				return nil
			}
		}
		conn, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
			if v := g.enter(conn, s); v != nil {
				take(v)
			}
			s = nil

			continue
		case isClosed(done):
			s.done()

			return nil
		case !isTemporary(err):
			s.done()

			return fmt.Errorf("accepting on %s: %w", ln.Addr(), err)
		}
		pause = min(max(2*pause, shortestBackoff), longestBackoff)
		g.count.acceptErrors.Add(1)
		g.log.Error("cannot accept connections, will try again", "listener", ln.Addr().String(), "pause", pause, "error", err)
		if !sleep(pause, done) {
			s.done()

			return nil
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// begin makes a session of a visitor of the TCP listener.
func (g *Gateway) begin(v *visitor, via transport) {
	if !v.proxied() {
		g.start(v, via)

		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping.Load() {
		v.close()

		return
	}
	g.routines.Go(func() {
		stop := context.AfterFunc(closeContext{g.stopped}, func() { _ = v.conn.Close() })
		ok := v.readProxy()
		stop()
		if ok {
			g.start(v, via)
		}
	})
}

// isTemporary reports whether an error of Accept may pass by itself.
func isTemporary(err error) bool {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Temporary() || errno == syscall.ENOBUFS || errno == syscall.ENOMEM
	}
	var ne net.Error

	return errors.As(err, &ne) && ne.Timeout()
}

// sleep returns false if done is closed meanwhile.
func sleep(d time.Duration, done <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}

// handshakeFailed counts a TLS handshake that failed, unless the client has just gone.
func (g *Gateway) handshakeFailed(err error, addr string) {
	g.log.Debug("a TLS handshake failed", "client", addr, "error", err)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, errAbandoned):
	case isTimeout(err):
		g.deny(DeniedNoHello, addr)
	default:
		g.deny(DeniedTLS, addr)
	}
}
