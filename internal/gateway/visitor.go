package gateway

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// visitor is a connection that has passed the door and is not logged in.
type visitor struct {
	gw      *Gateway
	conn    net.Conn
	early   []byte     // read from conn and not handled yet
	address addressKey // for which it counts
	addr    string     // the client's, as server authors see it
	slot    *slot      // of a TLS handshake; nil: none
}

// enter lets a connection through the door, or closes it. Slot is given back in any case.
func (g *Gateway) enter(conn net.Conn, s *slot) *visitor {
	v := &visitor{gw: g, conn: conn, slot: s, address: noAddress}
	if a := conn.RemoteAddr(); a != nil {
		v.addr = a.String()
	}
	ip := addressOf(conn.RemoteAddr())
	if ip.IsValid() && !g.trusted(ip) {
		v.address = keyOf(ip)
	}
	if why := g.door.enter(v.address); why != 0 {
		g.count.refused.Add(1)
		g.deny(why, v.addr)
		s.done()
		_ = conn.Close()

		return nil
	}
	s.accepted()

	return v
}

// proxied reports whether the connection may begin with a header of the PROXY protocol.
func (v *visitor) proxied() bool {
	return v.address == noAddress && len(v.gw.cfg.TrustedProxies) > 0 && v.gw.trusted(addressOf(v.conn.RemoteAddr()))
}

// readProxy reads the header of the PROXY protocol, if there is one. It returns false if the
// connection is closed.
func (v *visitor) readProxy() bool {
	if !v.proxied() {
		return true
	}
	_ = v.conn.SetReadDeadline(time.Now().Add(v.gw.cfg.HelloTimeout))
	client, early, err := readProxyHeader(v.conn)
	if err != nil {
		v.gw.deny(DeniedProxy, v.addr)
		v.close()

		return false
	}
	v.early = early

	return !client.IsValid() || v.moveTo(client) == 0 || v.close()
}

// moveTo counts the visitor for the address that a proxy has named.
func (v *visitor) moveTo(client netip.AddrPort) Denial {
	if why := v.gw.door.move(v.address, keyOf(client.Addr())); why != 0 {
		v.gw.count.refused.Add(1)
		v.gw.deny(why, client.String())

		return why
	}
	v.address, v.addr = keyOf(client.Addr()), client.String()

	return 0
}

// close ends the visit. It returns false.
func (v *visitor) close() bool {
	_ = v.conn.Close()
	v.leave()

	return false
}

// leave counts the visitor no more.
func (v *visitor) leave() {
	v.slot.done()
	v.gw.door.leave(v.address, pendingPlace)
}

// stream is the connection with what was read of it early, and the slot of its TLS handshake.
func (v *visitor) stream() net.Conn {
	conn := v.conn
	if len(v.early) > 0 {
		conn = &earlyConn{Conn: conn, r: io.MultiReader(bytes.NewReader(v.early), conn)}
		v.early = nil
	}
	if v.slot != nil {
		conn = &slotConn{conn, v.slot}
	}

	return conn
}

// earlyConn is a connection of which something was read before.
type earlyConn struct {
	net.Conn

	r io.Reader
}

// SyscallConn implements syscall.Conn.
func (c *earlyConn) SyscallConn() (syscall.RawConn, error) {
	return (&slotConn{Conn: c.Conn}).SyscallConn()
}

// Read implements net.Conn.
func (c *earlyConn) Read(p []byte) (int, error) { return c.r.Read(p) }
