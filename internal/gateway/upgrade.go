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
		if g.stopping.Load() || g.pendingLimitReached() {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "no room for another connection now", http.StatusServiceUnavailable)

			return
		}
		if status, text := checkHandshake(r); status != 0 {
			refuseHandshake(w, status, text)

			return
		}
		if !g.originAllowed(r) {
			refuseHandshake(w, http.StatusForbidden, "pages of this origin may not connect: see the node's setting origin")

			return
		}
		via := overWS
		if r.TLS != nil {
			via = overWSS
		}
		conn, rw, _, err := upgrader.Upgrade(canonical(r), w)
		if err != nil {
			if conn != nil {
				_ = conn.Close()
			}

			return
		}
		early, _ := rw.Reader.Peek(rw.Reader.Buffered()) // what came after the request
		// A fresh goroutine continues: the HTTP request has grown the stack of this one.
		g.start(conn, via, early) //nolint:contextcheck // the session outlives the request
	})
}

func refuseHandshake(w http.ResponseWriter, status int, text string) {
	h := w.Header()
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
