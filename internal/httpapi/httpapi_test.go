package httpapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/parley-dm/parley/internal/httpapi"
)

type node struct{ err error }

func (n node) Ready() error { return n.err }

func TestANodeSaysWhetherItLivesAndWhetherItTakesUsers(t *testing.T) {
	ws := func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	}
	for _, c := range []struct {
		method, path string
		ready        error
		status       int
		body         string
	}{
		{http.MethodGet, "/healthz", nil, http.StatusOK, "ok\n"},
		{http.MethodGet, "/healthz", errors.New("stopping"), http.StatusOK, "ok\n"},
		{http.MethodGet, "/readyz", nil, http.StatusOK, "ready\n"},
		{http.MethodGet, "/readyz", errors.New("stopping"), http.StatusServiceUnavailable, "stopping\n"},
		{http.MethodGet, "/readyz", errors.New("2 of 3 members:\n n3 is missing"), http.StatusServiceUnavailable, "2 of 3 members: n3 is missing\n"},
		{http.MethodGet, "/ws", nil, http.StatusTeapot, ""},
		{http.MethodPost, "/healthz", nil, http.StatusMethodNotAllowed, "Method Not Allowed\n"},
		{http.MethodGet, "/elsewhere", nil, http.StatusNotFound, "404 page not found\n"},
	} {
		w := httptest.NewRecorder()
		httpapi.New(node{c.ready}, httpapi.Pages{WebSocket: ws}).ServeHTTP(w, httptest.NewRequest(c.method, c.path, http.NoBody))
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%s %s (ready: %v): %d %q, want %d %q", c.method, c.path, c.ready, w.Code, w.Body, c.status, c.body)
		}
	}
}

func TestWebSocketWaitsForTheGatewayAndHealthDoesNot(t *testing.T) {
	var gateway http.Handler
	h := httpapi.New(node{errors.New("joining")}, httpapi.Pages{WebSocket: func() http.Handler { return gateway }})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))

		return w
	}
	if w := get("/healthz"); w.Code != http.StatusOK {
		t.Errorf("healthz: %d", w.Code)
	}
	w := get("/ws")
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != "the node takes no clients yet: /readyz tells why\n" || w.Header().Get("Retry-After") != "1" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	gateway = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	if w := get("/ws"); w.Code != http.StatusTeapot {
		t.Errorf("with the gateway: %d", w.Code)
	}
}
