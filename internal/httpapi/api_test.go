package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/parley-dm/parley/internal/httpapi"
)

func TestRequestsThatAreNoneOfTheAPIAreProblems(t *testing.T) {
	h := httpapi.API(key, &backend{})
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/v1/", 404, ""}, {"GET", "/v1/users/", 404, ""}, {"GET", "/v1/messages", 405, "POST"},
		{"POST", "/v1/users/alice", 405, "GET, DELETE"}, {"PUT", "/v1/nodes", 405, "GET"}, {"POST", "/v1/openapi.json", 405, "GET"},
	} {
		w := call(t, h, c.method, c.path, "", authorized())
		var p httpapi.Problem
		err := json.Unmarshal(w.Body.Bytes(), &p)
		if err != nil || w.Code != c.status || p.Status != c.status || p.Title == "" || p.Detail == "" || w.Header().Get("Allow") != c.allow ||
			w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %v %s", c.method, c.path, w.Code, w.Header(), w.Body)
		}
	}
}

func TestAWrongKeyIsRefused(t *testing.T) {
	h := httpapi.API(key, &backend{})
	for _, value := range []string{"", "Bearer", "Bearer ", "Bearer " + key + "x", "Bearer " + key[1:], "Basic " + key, key} {
		if w := call(t, h, "GET", "/v1/nodes", "", http.Header{"Authorization": {value}}); w.Code != http.StatusUnauthorized {
			t.Errorf("%q: %d", value, w.Code)
		}
	}
	if w := call(t, h, "GET", "/v1/nodes", "", http.Header{"Authorization": {"bearer " + key}}); w.Code != http.StatusOK {
		t.Errorf("the name of the scheme has no case: %d", w.Code)
	}
	if w := call(t, httpapi.API("", &backend{}), "GET", "/v1/nodes", "", http.Header{"Authorization": {"Bearer "}}); w.Code != http.StatusUnauthorized {
		t.Errorf("without a key every request is let in: %d", w.Code)
	}
}

func TestAMessageIsPassedOnAsItIsWritten(t *testing.T) {
	var b backend
	h := httpapi.API(key, &b)
	call(t, h, "POST", "/v1/messages", `{"from":"shop","to":"alice","text":"hé\n"}`, authorized())
	if m := b.last; m.From != "shop" || m.To != "alice" || m.Ver != 1 || m.Cmd != 701 || string(m.Body) != "hé\n" {
		t.Errorf("%+v", m)
	}
	call(t, h, "POST", "/v1/messages", `{"base64":"AP8=","cmd":0,"ver":255,"to":"b","from":"a"}`, authorized())
	if m := b.last; m.From != "a" || m.To != "b" || m.Ver != 255 || m.Cmd != 0 || !bytes.Equal(m.Body, []byte{0, 255}) {
		t.Errorf("%+v", m)
	}
}

func TestTheAdminListenerKnowsItsNames(t *testing.T) {
	h := httpapi.Hosts([]string{"parley.internal"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for host, status := range map[string]int{
		"127.0.0.1:7600": 200, "10.1.2.3": 200, "[::1]:7600": 200, "[::1]": 200, "localhost:7600": 200, "LOCALHOST": 200,
		"parley.internal:7600": 200, "Parley.Internal.": 200,
		"evil.example": 421, "evil.example:7600": 421, "parley.internal.evil.example": 421, "": 421, "127.0.0.1.evil.example": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%q: %d, want %d", host, w.Code, status)
		}
	}
}
