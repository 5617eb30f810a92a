package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
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
	var pause time.Duration
	for {
		conn, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
			g.accept(conn, via)
		case g.stopping.Load():
			return nil
		case !isTemporary(err):
			return fmt.Errorf("accepting on %s: %w", ln.Addr(), err)
		default:
			pause = min(max(2*pause, shortestBackoff), longestBackoff)
			g.count.acceptErrors.Add(1)
			g.log.Error("cannot accept connections, will try again", "listener", ln.Addr().String(), "pause", pause, "error", err)
			if !g.sleep(pause) {
				return nil
			}
		}
	}
}

func (g *Gateway) accept(conn net.Conn, via transport) {
	if g.pendingLimitReached() {
		_ = conn.Close()

		return
	}
	if via == overTLS {
		conn = tls.Server(conn, g.cfg.TLS)
	}
	g.start(conn, via, nil)
}

// isTemporary reports whether an error of Accept may pass by itself.
func isTemporary(err error) bool {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Temporary() || errno == syscall.ENOBUFS || errno == syscall.ENOMEM
	}
	var ne net.Error

	return errors.As(err, &ne) && ne.Timeout()
}

// sleep returns false if the gateway stops meanwhile.
func (g *Gateway) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-g.stopped:
		return false
	}
}

// pendingLimitReached reports, and counts, that MaxPending connections have sent no hello.
func (g *Gateway) pendingLimitReached() bool {
	if g.count.pending.Load() < int64(g.cfg.MaxPending) {
		return false
	}
	g.count.refused.Add(1)

	return true
}
