package httpapi

import (
	"io"
	"net/http"
)

// Node is what this package needs of the node.
type Node interface {
	// Ready returns why the node takes no users, nil if it does.
	Ready() error
}

// New returns the handler of a node's HTTP listener. Requests for /ws go to ws.
func New(n Node, ws http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := n.Ready(); err != nil {
			say(w, http.StatusServiceUnavailable, err.Error())

			return
		}
		say(w, http.StatusOK, "ready")
	})
	mux.Handle("/ws", ws)

	return mux
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
