package httpapi

import (
	"io"
	"net/http"
	"strings"
)

// Health is what the pages about health need of the node.
type Health interface {
	// Ready returns why the node takes no users, nil if it does.
	Ready() error
}

// comeBackAfter is the Retry-After, in seconds, of a node that is not ready.
const comeBackAfter = "1"

// Pages are what a listener shows beside health. Those that are nil are not there.
type Pages struct {
	// WebSocket returns the handler of /ws. While it returns nil, requests get 503.
	WebSocket func() http.Handler
	// Metrics is the handler of /metrics.
	Metrics http.Handler
	// API is the handler of /v1/.
	API http.Handler
	// Dashboard is the handler of /dashboard/, whose paths begin below it.
	Dashboard http.Handler
	// Profiles is the handler of /debug/pprof/.
	Profiles http.Handler
	// Root is the handler of everything else.
	Root http.Handler
}

// New returns the handler of a listener, which may be open before the node can serve.
func New(n Health, pages Pages) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := n.Ready(); err != nil {
			notReady(w, err.Error())

			return
		}
		say(w, http.StatusOK, "ready")
	})
	if pages.WebSocket != nil {
		mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
			if h := pages.WebSocket(); h != nil {
				h.ServeHTTP(w, r)

				return
			}
			notReady(w, "the node takes no clients yet: /readyz tells why")
		})
	}
	if pages.Metrics != nil {
		mux.Handle("GET /metrics", pages.Metrics)
	}
	if pages.API != nil {
		mux.Handle("/v1/", pages.API)
	}
	if pages.Dashboard != nil {
		mux.Handle("GET /dashboard/", http.StripPrefix("/dashboard", pages.Dashboard))
	}
	if pages.Profiles != nil {
		mux.Handle("GET /debug/pprof/", pages.Profiles)
	}
	if pages.Root != nil {
		mux.Handle("/", pages.Root)
	}

	return mux
}

// NoDashboard is the dashboard of a listener whose API is not there.
func NoDashboard() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusNotFound, "the dashboard needs an admin key: start the nodes with --admin-key")
	})
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
