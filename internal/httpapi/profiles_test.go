package httpapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/httpapi"
)

func profile(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	httpapi.Profiles().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))

	return w
}

func TestProfilesCanBeHadByTheirNames(t *testing.T) {
	const gzipped = "\x1f\x8b" // how the binary form of a profile begins
	for _, c := range []struct {
		path   string
		status int
		begins string
	}{
		{"/debug/pprof/", http.StatusOK, "profile?seconds=30"},
		{"/debug/pprof/heap", http.StatusOK, gzipped},
		{"/debug/pprof/goroutine?debug=1", http.StatusOK, "goroutine profile: total"},
		{"/debug/pprof/profile?seconds=0.01", http.StatusOK, gzipped},
		{"/debug/pprof/trace?seconds=0.01", http.StatusOK, "go 1."},
		{"/debug/pprof/nothing", http.StatusNotFound, "there is no such profile"},
		{"/debug/pprof/profile?seconds=long", http.StatusBadRequest, "seconds: write a number"},
		{"/debug/pprof/trace?seconds=-1", http.StatusBadRequest, "seconds: write a number"},
		{"/debug/pprof/trace?seconds=601", http.StatusBadRequest, "seconds: write a number above 0, and at most 600"},
		{"/", http.StatusFound, `<a href="/debug/pprof/">`},
		{"/ws", http.StatusNotFound, "404"},
	} {
		if w := profile(c.path); w.Code != c.status || !strings.HasPrefix(w.Body.String(), c.begins) {
			t.Errorf("%s: %d %.40q, want %d %q", c.path, w.Code, w.Body, c.status, c.begins)
		}
	}
}

func TestWhoWantsToRecordWhileSomebodyElseDoesIsToldSo(t *testing.T) {
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	if w := profile("/debug/pprof/profile?seconds=0.01"); w.Code != http.StatusConflict || w.Body.Len() == 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestProfilesAreNotOnTheDefaultServeMux(t *testing.T) {
	w := httptest.NewRecorder()
	http.DefaultServeMux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/pprof/", http.NoBody))
	if w.Code != http.StatusNotFound {
		t.Errorf("status %d: a program that imports Parley shows its profiles to everybody", w.Code)
	}
}
