package httpapi_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/parley-dm/parley/internal/httpapi"
)

func TestOnlyTheListenersOwnHostIsAnswered(t *testing.T) {
	h := httpapi.LocalHost(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:6060": 200, "127.0.0.1": 200, "127.0.0.1:6060": 200, "[::1]:6060": 200, "10.1.2.3:6060": 200,
		"evil.example": 403, "evil.example:6060": 403, "10.1.2.4": 403, "localhost.evil.example": 403, "": 403, "127.0.0.1.evil.example": 403,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Host = host
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 6060})))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %q: %d, want %d", host, w.Code, want)
		}
	}
}
