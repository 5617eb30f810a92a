package gateway

import (
	"net/http"

	"github.com/gobwas/ws"

	"github.com/parley-dm/parley/wire"
)

// WebSocket returns the HTTP handler that turns requests into sessions; it belongs at /ws.
//
// The subprotocol parley.v1 is confirmed when the client offers it, and not required. The Origin
// header is not looked at: a page that knows a token may connect from anywhere, and without one it
// gets nowhere; there are no cookies to abuse. X-Forwarded-For is not trusted: a session's address
// is that of the connection. Extensions (compression) are not used.
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
		via := overWS
		if r.TLS != nil {
			via = overWSS
		}
		conn, rw, _, err := upgrader.Upgrade(r, w)
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
