package httpapi_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/wire"
)

// description is the API's own, with its routes.
func description(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	w := call(t, httpapi.API(key, &backend{}), http.MethodGet, "/v1/openapi.json", "", nil)
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}

	return doc, router
}

func request(t *testing.T, method, path, body string, header http.Header) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(r.Header, header)

	return r
}

func call(t *testing.T, h http.Handler, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(t, method, path, body, header))

	return w
}

func authorized(more ...string) http.Header {
	h := http.Header{"Authorization": {"Bearer " + key}}
	for i := 0; i+1 < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}

	return h
}

// asDescribed checks a request, if it is to be valid, and its response against the description.
func asDescribed(t *testing.T, router routers.Router, r *http.Request, body string, w *httptest.ResponseRecorder, valid bool) {
	t.Helper()
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Errorf("%s %s is not described: %v", r.Method, r.URL, err)

		return
	}
	r.Body = io.NopCloser(strings.NewReader(body))
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if err := openapi3filter.ValidateRequest(t.Context(), in); (err == nil) != valid {
		t.Errorf("%s %s: the description says of the request: %v", r.Method, r.URL, err)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: w.Code, Header: w.Header(), Options: in.Options}
	out.Options.IncludeResponseStatus = true
	out.SetBodyBytes(w.Body.Bytes())
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s %s: %d %s: %v", r.Method, r.URL, w.Code, w.Body, err)
	}
}

func TestTheAPIIsAsDescribed(t *testing.T) {
	// The description says of events that they are text; the rest a test of their own checks.
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.PlainBodyDecoder)
	defer openapi3filter.UnregisterBodyDecoder("text/event-stream")
	_, router := description(t)
	const message = `{"from":"shop","to":"alice","text":"hi"}`
	code := func(c wire.Code) error { return httpapi.FromCode(c, "as the test wants") }
	for _, c := range []struct {
		method, path, body string
		err                error
		status             int
		says               string
		invalid            bool // also according to the description
	}{
		{"POST", "/v1/messages", message, nil, 200, `{"result":"delivered"}`, false},
		{"POST", "/v1/messages", `{"from":"shop","to":"alice","ver":2,"cmd":11,"base64":"AAE="}`, nil, 200, `{"result":"delivered"}`, false},
		{"POST", "/v1/messages", message, code(wire.CodeMessageNil), 400, `"code":5002`, false},
		{"POST", "/v1/messages", message, code(wire.CodeUserNotFound), 404, `"code":5004`, false},
		{"POST", "/v1/messages", message, code(wire.CodeRecipientBusy), 409, `"code":5006`, false},
		{"POST", "/v1/messages", message, code(wire.CodeTooLarge), 413, `"code":5005`, false},
		{"POST", "/v1/messages", message, code(wire.CodeOverloaded), 429, `"code":5007`, false},
		{"POST", "/v1/messages", message, code(wire.CodeInternal), 500, `"code":5008`, false},
		{"POST", "/v1/messages", message, code(wire.CodeNodesNotFound), 503, `"code":5003`, false},
		{"POST", "/v1/messages", message, code(wire.CodeTimeout), 504, `"code":5001`, false},
		{"POST", "/v1/messages", message, context.DeadlineExceeded, 504, `"code":5001`, false},
		{"POST", "/v1/messages", `{"from":"shop","to":"alice"}`, nil, 400, `give the message as \"text\" or as \"base64\", one of them`, true},
		{"POST", "/v1/messages", `{"from":"shop","to":"alice","text":"a","base64":"AAE="}`, nil, 400, `one of them`, true},
		{"POST", "/v1/messages", `{"to":"alice","text":"a"}`, nil, 400, `\"from\" is missing`, true},
		{"POST", "/v1/messages", `{"from":"shop","text":"a"}`, nil, 400, `\"to\" is missing`, true},
		{"POST", "/v1/messages", `{"from":"shop","to":"alice","txt":"a"}`, nil, 400, `unknown key \"txt\" (did you mean \"text\"?)`, true},
		{"POST", "/v1/messages", `{"from":"shop","to":7,"text":"a"}`, nil, 400, `\"to\" must be a string`, true},
		{"POST", "/v1/messages", `{"from":"shop","to":"alice","text":"a","cmd":65536}`, nil, 400, `\"cmd\" is 65536: from 0 to 65535 are allowed`, true},
		{"POST", "/v1/messages", `{"from":"shop","to":"alice","base64":"?"}`, nil, 400, `\"base64\" is no base64`, false},
		{"POST", "/v1/messages", `{"from"`, nil, 400, `it is no JSON`, true},
		{"POST", "/v1/messages", `{"from":"shop","to":"alice","text":"` + strings.Repeat("x", 20_000) + `"}`, nil, 413, `at most 1000 bytes`, false},
		{"GET", "/v1/users/alice", "", nil, 200, `"online":true,"node":"n1#1"`, false},
		{"GET", "/v1/users/a%2Fb", "", nil, 404, `\"a/b\" is not connected to any node`, false},
		{"GET", "/v1/users/zed", "", code(wire.CodeNodesNotFound), 503, `"code":5003`, false},
		{"GET", "/v1/users/zed?why", "", nil, 400, `there is no parameter \"why\" here`, false},
		{"GET", "/v1/users?ids=alice&ids=zed", "", nil, 200, `{"id":"zed","online":false}`, false},
		{"GET", "/v1/users", "", nil, 400, `0 user IDs: give 1 to 1000`, true},
		{"GET", "/v1/users?ids=alice&ids=bob", "", httpapi.Unreachable("n2 does not answer"), 504, `"code":5001`, false},
		{"DELETE", "/v1/users/alice", "", nil, 200, `{"id":"alice","removed":true}`, false},
		{"DELETE", "/v1/users/zed", "", nil, 404, `"code":5004`, false},
		{"DELETE", "/v1/users/zed?ban=10m", "", nil, 200, `{"id":"zed","removed":false,"banned_until":"2023-11-14T22:23:20Z"}`, false},
		{"DELETE", "/v1/users/zed?ban=10", "", nil, 400, `ban: \"10\" is no time`, true},
		{"DELETE", "/v1/users/zed?ban=-1m", "", nil, 400, `ban: \"-1m\" is no time`, true},
		{"DELETE", "/v1/users/alice?ban=1h", "", code(wire.CodeOverloaded), 429, `"code":5007`, false},
		{"GET", "/v1/events", "", nil, 200, "event: picture\ndata: {", false},
		{"GET", "/v1/events?every=2s", "", nil, 400, `there is no parameter \"every\" here`, false},
		{"GET", "/v1/events", "", code(wire.CodeOverloaded), 429, `"code":5007`, false},
		{"GET", "/v1/events", "", code(wire.CodeNodesNotFound), 503, `"code":5003`, false},
		{"GET", "/v1/nodes", "", nil, 200, `{"id":"n2#2","ready":false,"reason":"the node does not answer","users":0,"members":0}`, false},
	} {
		h := httpapi.API(key, &backend{err: c.err})
		w := call(t, h, c.method, c.path, c.body, authorized())
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s %.60s: %d %s, want %d with %s", c.method, c.path, c.body, w.Code, w.Body, c.status, c.says)
		}
		asDescribed(t, router, request(t, c.method, c.path, c.body, authorized()), c.body, w, !c.invalid)
		denied := call(t, h, c.method, c.path, c.body, nil)
		if denied.Code != http.StatusUnauthorized || denied.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s %s without a key: %d", c.method, c.path, denied.Code)
		}
		asDescribed(t, router, request(t, c.method, c.path, c.body, nil), c.body, denied, !c.invalid)
	}
}

func TestEveryDescribedOperationHasAHandler(t *testing.T) {
	doc, _ := description(t)
	h := httpapi.API(key, &backend{})
	n := 0
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			w := call(t, h, method, strings.ReplaceAll(path, "{id}", "alice"), "", authorized())
			if w.Code == http.StatusNotFound || w.Code == http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
			n++
		}
	}
	if want := len(httpapi.Routes()); n != want {
		t.Errorf("%d operations are described, %d have handlers", n, want)
	}
}
