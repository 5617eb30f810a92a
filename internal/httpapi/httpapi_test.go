package httpapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley/internal/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type node struct{ err error }

func (n node) Ready() error { return n.err }

func TestANodeSaysWhetherItLivesAndWhetherItTakesUsers(t *testing.T) {
	ws := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
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
		{http.MethodGet, "/ws", nil, http.StatusTeapot, ""},
		{http.MethodPost, "/healthz", nil, http.StatusMethodNotAllowed, "Method Not Allowed\n"},
		{http.MethodGet, "/elsewhere", nil, http.StatusNotFound, "404 page not found\n"},
	} {
		w := httptest.NewRecorder()
		httpapi.New(node{c.ready}, ws).ServeHTTP(w, httptest.NewRequest(c.method, c.path, http.NoBody))
		if w.Code != c.status || w.Body.String() != c.body {
			t.Errorf("%s %s (ready: %v): %d %q, want %d %q", c.method, c.path, c.ready, w.Code, w.Body, c.status, c.body)
		}
	}
}
