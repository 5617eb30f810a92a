package httpapi

import (
	"io"
	"net/http"
	"strings"
)

// Node is what this package needs of the node.
type Node interface {
	// Ready returns why the node takes no users, nil if it does.
	Ready() error
}

// comeBackAfter is the Retry-After, in seconds, of a node that is not ready.
const comeBackAfter = "1"

// New returns the handler of a node's HTTP listener, which may be open before the node can serve.
// Each request for /ws goes to the handler that ws returns then, and gets 503 while that is nil.
func New(n Node, ws func() http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := n.Ready(); err != nil {
			notReady(w, err.Error())

			return
		}
		say(w, http.StatusOK, "ready")
	})
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		if h := ws(); h != nil {
			h.ServeHTTP(w, r)

			return
		}
		notReady(w, "the node takes no clients yet: /readyz tells why")
	})

	return mux
}

// notReady answers 503 with a reason in one line.
func notReady(w http.ResponseWriter, reason string) {
	w.Header().Set("Retry-After", comeBackAfter)
	say(w, http.StatusServiceUnavailable, strings.Join(strings.Fields(reason), " "))
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}
