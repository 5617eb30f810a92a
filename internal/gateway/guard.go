package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// guard is the door of an HTTP server: each of its connections counts like one to the TCP listener,
// from its accept to its end or until it becomes a WebSocket.
type guard struct {
	net.Listener

	gw    *Gateway
	tls   *tls.Config
	ready chan net.Conn  // accepted, and past the TLS handshake
	done  chan struct{}  // closed when the listener is
	err   error          // why it ended; to be read after ended
	ended chan struct{}  // closed when the listener accepts no more
	once  sync.Once      // closes done
	all   sync.WaitGroup // the accept loop and the connections before ready
	conns sync.Map       // net.Conn as the server sees it → *visitor
}

type visitorKey struct{}

// GuardHTTP has the server's connections pass the door, which bounds their number and their TLS
// handshakes. The result is what the server is to serve; it has TLS if cfg is not nil. To be called
// before the server serves.
func (g *Gateway) GuardHTTP(server *http.Server, ln net.Listener, cfg *tls.Config) net.Listener {
	l := &guard{
		Listener: ln, gw: g, tls: g.tlsSlots.bound(cfg), ready: make(chan net.Conn),
		done: make(chan struct{}), ended: make(chan struct{}),
	}
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		v, _ := l.conns.Load(c)

		return context.WithValue(ctx, visitorKey{}, v)
	}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateClosed:
			if v, ok := l.conns.LoadAndDelete(c); ok {
				v.(*visitor).leave() //nolint:forcetypeassert // nothing else is in it
			}
		case http.StateHijacked: // the handler of /ws has it
			l.conns.Delete(c)
		case http.StateNew, http.StateActive, http.StateIdle:
		}
	}
	l.all.Go(l.accept)

	return l
}

// Accept implements net.Listener.
func (l *guard) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case <-l.ended:
		return nil, l.err
	}
}

// Close implements net.Listener. It waits for the connections that the server has not seen.
func (l *guard) Close() error {
	err := l.Listener.Close()
	l.once.Do(func() { close(l.done) })
	l.all.Wait()

	return err
}

func (l *guard) accept() {
	defer close(l.ended)
	l.err = l.gw.acceptLoop(l.Listener, l.tls != nil, l.done, func(v *visitor) {
		if l.tls == nil && !v.proxied() { // nothing to wait for
			l.hand(v, v.conn)

			return
		}
		l.all.Go(func() { l.prepare(v) })
	})
	if l.err == nil {
		l.err = net.ErrClosed
	}
}

// prepare reads what comes before HTTP.
func (l *guard) prepare(v *visitor) {
	stop := context.AfterFunc(closeContext{l.done}, func() { _ = v.conn.Close() })
	defer stop()
	if !v.readProxy() {
		return
	}
	conn := v.stream()
	if l.tls != nil {
		secured := tls.Server(conn, l.tls)
		_ = conn.SetDeadline(time.Now().Add(l.gw.cfg.HelloTimeout))
		err := secured.Handshake() //nolint:noctx // the deadline ends it
		v.slot.done()
		if err != nil {
			l.gw.handshakeFailed(err, v.addr)
			v.close()

			return
		}
		_ = conn.SetDeadline(time.Time{})
		conn = secured
	}
	l.hand(v, conn)
}

// hand gives the connection to the server.
func (l *guard) hand(v *visitor, conn net.Conn) {
	l.conns.Store(conn, v)
	select {
	case l.ready <- conn:
	case <-l.done:
		l.conns.Delete(conn)
		v.close()
	}
}

// closeContext is a context that ends when a channel is closed.
type closeContext struct{ done <-chan struct{} }

func (closeContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (c closeContext) Done() <-chan struct{}     { return c.done }
func (closeContext) Value(any) any               { return nil }
func (c closeContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// visitorOf is the connection of a request, which is let in now if no guard has done it. It returns
// why the client is refused.
func (g *Gateway) visitorOf(r *http.Request) (*visitor, Denial) {
	v, _ := r.Context().Value(visitorKey{}).(*visitor)
	remote, _ := netip.ParseAddrPort(r.RemoteAddr)
	client := remote
	if g.trusted(remote.Addr()) {
		if f := g.forwardedFor(r); f.IsValid() {
			client = f
		}
	}
	if v != nil {
		if client == remote {
			return v, 0
		}

		why := v.moveTo(client)

		return v, why
	}
	v = &visitor{gw: g, address: noAddress, addr: client.String()}
	if client.Addr().IsValid() && !g.trusted(client.Addr()) {
		v.address = keyOf(client.Addr())
	}
	why := g.door.enter(v.address)
	if why != 0 {
		g.count.refused.Add(1)
		g.deny(why, v.addr)
	}

	return v, why
}
