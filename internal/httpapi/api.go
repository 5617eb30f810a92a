package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/parley-dm/parley/wire"
)

const (
	// maxIDs bounds the users that one request asks for.
	maxIDs = 1000
	// maxBan bounds a ban. Bans are kept in memory.
	maxBan = 365 * 24 * time.Hour
	// bodyTime bounds the reading of a request's body, and the writing of its answer.
	bodyTime = 10 * time.Second
)

// API returns the handler of the server-to-server API, everything under /v1/. Each request must
// carry the key as a bearer token, but for that of the description of the API itself.
func API(key string, backend Backend) http.Handler {
	a := &api{backend: backend, sent: newIdempotency()}
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.HandleFunc(r.pattern, r.serve)
	}
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) { a.noRoute(w, r, mux) })
	guarded := Bearer(key, mux)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == openAPIPath {
			serveOpenAPI(w, r)

			return
		}
		guarded.ServeHTTP(w, r)
	})
}

type api struct {
	backend Backend
	sent    *idempotency
}

// route is one operation of the API. The description has the same ones.
type route struct {
	pattern string
	serve   http.HandlerFunc
}

func (a *api) routes() []route {
	return []route{
		{"POST /v1/messages", a.postMessage},
		{"GET /v1/users", a.getUsers},
		{"GET /v1/users/{id}", a.getUser},
		{"DELETE /v1/users/{id}", a.deleteUser},
		{"GET /v1/nodes", a.getNodes},
		{"GET /v1/events", a.getEvents},
	}
}

// noRoute answers a request that is none of the API's.
func (a *api) noRoute(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "/v1/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		refuse(w, problem(http.StatusNotFound, "there is no "+r.URL.Path+": "+openAPIPath+" describes what there is"))

		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	refuse(w, problem(http.StatusMethodNotAllowed, r.Method+" is not for "+r.URL.Path+": use "+strings.Join(allowed, " or ")))
}

// Bearer passes on requests that carry the key; none if it is empty. The comparison takes the same
// time for every key.
func Bearer(key string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(key))

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(token)))
		if right := subtle.ConstantTimeCompare(got[:], want[:]) == 1; !right || !strings.EqualFold(scheme, "Bearer") || key == "" {
			refuse(w, problem(http.StatusUnauthorized, "send the admin key of the nodes: Authorization: Bearer KEY"))

			return
		}
		next.ServeHTTP(w, r)
	})
}

// answer answers with v, or with the problem that err is.
func answer(w http.ResponseWriter, v any, err error) {
	if err == nil {
		reply(w, v)

		return
	}
	refuse(w, problemOf(err))
}

func problemOf(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}

	return FromCode(wire.CodeTimeout, "no answer in time: "+err.Error())
}
