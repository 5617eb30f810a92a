package gateway

import (
	"net/http"

	"github.com/gobwas/ws"

	"github.com/parley-dm/parley/wire"
)

// WebSocket returns the HTTP handler that turns requests into sessions; it belongs at /ws.
//
// The subprotocol parley.v1 is confirmed when the client offers it, and not required. A page of a
// browser must have an origin of Config.Origins, without these that of the host. Extensions
// (compression) are not used.
func (g *Gateway) WebSocket() http.Handler {
	upgrader := ws.HTTPUpgrader{
		Timeout:  g.cfg.HelloTimeout,
		Protocol: func(p string) bool { return p == wire.Subprotocol },
	}

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.stopping.Load() {
			refuseHandshake(w, http.StatusServiceUnavailable, "the node stops")

			return
		}
		if status, text := checkHandshake(r); status != 0 {
			g.deny(DeniedHandshake, r.RemoteAddr)
			refuseHandshake(w, status, text)

			return
		}
		if !g.originAllowed(r) {
			g.deny(DeniedOrigin, r.RemoteAddr)
			refuseHandshake(w, http.StatusForbidden, "pages of this origin may not connect: see the node's setting origin")

			return
		}
		v, why := g.visitorOf(r)
		if why != 0 {
			refuseHandshake(w, http.StatusServiceUnavailable, "no room for another connection now")

			return
		}
		conn, rw, _, err := upgrader.Upgrade(canonical(r), w)
		if err != nil {
			if conn != nil {
				_ = conn.Close()
			}
			if conn != nil || r.Context().Value(visitorKey{}) == nil { // else the server ends it
				v.leave()
			}

			return
		}
		via := overWS
		if r.TLS != nil {
			via = overWSS
		}
		if e, ok := conn.(*earlyConn); ok {
			conn = e.Conn // what was early was part of the request
		}
		v.conn = conn
		v.early, _ = rw.Reader.Peek(rw.Reader.Buffered()) // what came after the request
		// A fresh goroutine continues: the HTTP request has grown the stack of this one.
		g.start(v, via) //nolint:contextcheck // the session outlives the request
	})
}

func refuseHandshake(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	if status == http.StatusUpgradeRequired {
		h.Set("Upgrade", "websocket")
		h.Set("Connection", "Upgrade")
		h.Set("Sec-WebSocket-Version", wsVersion)
	}
	if status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodGet)
	}
	http.Error(w, text, status)
}
