package demopage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/web"
	"github.com/parley-dm/parley/user"
)

// Cluster does what the page asks for. An error is shown to the page's user; one that wraps
// ErrUnknown names what there is not.
type Cluster interface {
	// Token makes a token that lets a user log in.
	Token(user string) (string, error)
	// Kill ends a node as kill -9 does. Restart starts it again, and returns when it is ready.
	Kill(node string) error
	Restart(ctx context.Context, node string) error
	// Cut cuts the connection of a user's client, with no word to either side.
	Cut(user string) error
	// Stall stops, or resumes, the reading of what a node sends to a user's client.
	Stall(user string, stalled bool) error
}

// ErrUnknown is what errors of a Cluster wrap that name an unknown node or user.
var ErrUnknown = errors.New("unknown")

const (
	// writeTime bounds the writing of one batch of events to a page.
	writeTime = 10 * time.Second
	// keepAlive is how often an idle stream of events gets a comment.
	keepAlive = 15 * time.Second
	// maxBody bounds the body of a request, in bytes.
	maxBody = 4 << 10
	// restartTime bounds a restart.
	restartTime = 30 * time.Second
)

// New returns the handler of the page and its API. Requests must be for an address of this machine
// (DNS rebinding), and those that change something must not come from a page of another origin.
func New(feed *Feed, cluster Cluster) http.Handler {
	s := &server{feed: feed, cluster: cluster}
	mux := http.NewServeMux()
	mux.Handle("/", isolated(web.Page("demo")))
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("POST /api/token", s.token)
	mux.HandleFunc("POST /api/nodes/{name}/{action}", s.node)
	mux.HandleFunc("POST /api/users/{id}/{action}", s.user)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "there is no "+r.Method+" "+r.URL.Path+" in this API: see the package comment of internal/demopage")
	})
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "a page of another origin must not use this API")
	}))

	return httpapi.LocalHost(crossOrigin.Handler(mux))
}

// isolated keeps the page apart from all others in the browser, which then gives it a clock of 5 µs
// instead of 100 µs. Browsers do so, and do not complain of the headers, where they trust the
// origin: on this machine and by TLS.
func isolated(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); r.TLS != nil || ok && local.IP.IsLoopback() {
			w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
			w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		}
		page.ServeHTTP(w, r)
	})
}

type server struct {
	feed    *Feed
	cluster Cluster
}

// problem is the body of a response that tells of an error.
type problem struct {
	Error string `json:"error"`
}

func refuse(w http.ResponseWriter, status int, text string) { reply(w, status, problem{Error: text}) }

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // plain structs; the client may be gone
}

// done answers a request that has no result of its own.
func done(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		reply(w, http.StatusOK, struct{}{})
	case errors.Is(err, ErrUnknown):
		refuse(w, http.StatusNotFound, err.Error())
	default:
		refuse(w, http.StatusConflict, err.Error())
	}
}

// token makes a token. Its body is read strictly: a mistake must not give another user's token.
func (s *server) token(w http.ResponseWriter, r *http.Request) {
	var body struct {
		User *string `json:"user"`
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(&body)
	if err == nil && body.User == nil {
		err = errors.New(`"user" is missing`)
	}
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more than one JSON object")
		}
	}
	if err == nil {
		err = user.CheckID(*body.User)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Sprintf(`send {"user": "a user ID"}: %v`, err))

		return
	}
	token, err := s.cluster.Token(*body.User)
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())

		return
	}
	reply(w, http.StatusOK, map[string]string{"token": token})
}

func (s *server) node(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	switch action := r.PathValue("action"); action {
	case "kill":
		done(w, s.cluster.Kill(name))
	case "restart":
		rc := http.NewResponseController(w)
		_ = rc.SetWriteDeadline(time.Now().Add(restartTime + writeTime))
		ctx, cancel := context.WithTimeout(r.Context(), restartTime)
		defer cancel()
		done(w, s.cluster.Restart(ctx, name))
	default:
		refuse(w, http.StatusNotFound, fmt.Sprintf("a node can be asked to kill or restart, not to %q", action))
	}
}

func (s *server) user(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	switch action := r.PathValue("action"); action {
	case "cut":
		done(w, s.cluster.Cut(id))
	case "stall":
		done(w, s.cluster.Stall(id, true))
	case "resume":
		done(w, s.cluster.Stall(id, false))
	default:
		refuse(w, http.StatusNotFound, fmt.Sprintf("a user's connection can be asked to cut, stall or resume, not to %q", action))
	}
}

// events streams server-sent events until the page is closed.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Time{}) // the request was read; the stream has no end
	p := s.feed.subscribe()
	defer s.feed.unsubscribe(p)
	for {
		ctx, cancel := context.WithTimeout(r.Context(), keepAlive)
		events, err := s.feed.next(ctx, p)
		cancel()
		var text strings.Builder
		switch {
		case r.Context().Err() != nil || errors.Is(err, errClosed):
			return
		case err != nil:
			text.WriteString(": still here\n\n")
		}
		for _, e := range events {
			fmt.Fprintf(&text, "event: %s\ndata: %s\n\n", e.name, e.data)
		}
		_ = rc.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := io.WriteString(w, text.String()); err != nil {
			return
		}
		if rc.Flush() != nil {
			return
		}
	}
}
