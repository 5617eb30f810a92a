package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/overview"
	"github.com/parley-dm/parley/wire"
)

const key = "an-admin-key-of-tests"

// backend answers what a test wants. Only alice is connected.
type backend struct {
	sent   atomic.Int64
	result wire.Result
	err    error
	gate   chan struct{} // if not nil, sending waits for it
	last   httpapi.Message
}

func (b *backend) MaxMessage() int { return 1000 }

func (b *backend) Send(_ context.Context, m httpapi.Message) (wire.Receipt, error) {
	if b.gate != nil {
		<-b.gate
	}
	b.sent.Add(1)
	b.last = m
	if b.err != nil {
		return wire.Receipt{}, b.err
	}

	return wire.Receipt{Result: max(b.result, wire.Delivered)}, nil
}

func (b *backend) Users(_ context.Context, ids []string) ([]httpapi.User, error) {
	since := time.Unix(1_700_000_000, 0).UTC()
	users := make([]httpapi.User, len(ids))
	for i, id := range ids {
		users[i].ID = id
		if id == "alice" {
			users[i] = httpapi.User{
				ID: id, Online: true, Node: "n1#1", Session: strings.Repeat("0a", 16), Since: &since, Transport: "ws", Address: "127.0.0.1:1",
			}
		}
	}

	return users, b.err
}

func (b *backend) Remove(_ context.Context, id string, ban *time.Duration) (httpapi.Removal, error) {
	r := httpapi.Removal{ID: id, Removed: id == "alice"}
	if ban != nil {
		until := time.Unix(1_700_000_000, 0).Add(*ban).UTC()
		r.BannedUntil = &until
	}

	return r, b.err
}

func (b *backend) Pictures(_ context.Context, send func([]byte) error) error {
	if b.err != nil {
		return b.err
	}
	var board overview.Board
	for i := range 2 {
		picture, err := json.Marshal(board.Update(round(i)))
		if err != nil {
			return err
		}
		if err := send(picture); err != nil {
			return err
		}
	}

	return nil
}

func (b *backend) Nodes(context.Context) ([]httpapi.Node, error) {
	since := time.Unix(1_700_000_000, 0).UTC()

	return []httpapi.Node{{ID: "n1#1", Ready: true, Users: 1, Members: 2, Since: &since}, {ID: "n2#2", Reason: "the node does not answer"}}, b.err
}

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

func TestARepeatedRequestSendsOnce(t *testing.T) {
	b := &backend{result: wire.Declined}
	h := httpapi.API(key, b)
	const body = `{"from":"shop","to":"alice","text":"hi"}`
	send := func(key, body string) *httptest.ResponseRecorder {
		return call(t, h, "POST", "/v1/messages", body, authorized("Idempotency-Key", key))
	}
	for try := range 3 {
		w := send("k1", body)
		if w.Code != http.StatusOK || w.Body.String() != "{\"result\":\"declined\"}\n" || (w.Header().Get("Idempotency-Replayed") == "true") != (try > 0) {
			t.Errorf("try %d: %d %s %v", try, w.Code, w.Body, w.Header())
		}
	}
	if w := send("k1", `{"from":"shop","to":"alice","text":"other"}`); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("another message with the same key: %d", w.Code)
	}
	send("k2", body)
	send("", body)
	send("", body)
	if b.sent.Load() != 4 {
		t.Errorf("%d were sent, want 4", b.sent.Load())
	}
	if w := send(strings.Repeat("k", 256), body); w.Code != http.StatusBadRequest {
		t.Errorf("a long key: %d", w.Code)
	}
}

func TestAMessageThatWasNotSentIsTriedAgain(t *testing.T) {
	for code, again := range map[wire.Code]int64{wire.CodeUserNotFound: 2, wire.CodeOverloaded: 2, wire.CodeTimeout: 1, wire.CodeInternal: 1} {
		b := &backend{err: httpapi.FromCode(code, "as the test wants")}
		h := httpapi.API(key, b)
		var first, second *httptest.ResponseRecorder
		for _, w := range []**httptest.ResponseRecorder{&first, &second} {
			*w = call(t, h, "POST", "/v1/messages", `{"from":"shop","to":"alice","text":"hi"}`, authorized("Idempotency-Key", "k"))
		}
		if b.sent.Load() != again || first.Code != second.Code {
			t.Errorf("%s: sent %d times, want %d; answers %d and %d", code, b.sent.Load(), again, first.Code, second.Code)
		}
	}
}

func TestRequestsWithOneKeyAtOnceWaitForTheFirst(t *testing.T) {
	b := &backend{gate: make(chan struct{})}
	h := httpapi.API(key, b)
	const n = 10
	codes := make(chan int, n)
	for range n {
		go func() {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPost, "/v1/messages", strings.NewReader(`{"from":"shop","to":"alice","text":"hi"}`))
			r.Header = authorized("Idempotency-Key", "k")
			h.ServeHTTP(w, r)
			codes <- w.Code
		}()
	}
	b.gate <- struct{}{} // one is sending
	close(b.gate)
	for range n {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("%d", code)
		}
	}
	if b.sent.Load() != 1 {
		t.Errorf("sent %d times", b.sent.Load())
	}
}

func TestAClientThatGivesUpDoesNotEndWhatItsKeyHasBegun(t *testing.T) {
	b := &backend{gate: make(chan struct{})}
	h := httpapi.API(key, b)
	ctx, cancel := context.WithCancelCause(t.Context())
	const body = `{"from":"shop","to":"alice","text":"hi"}`
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/messages", strings.NewReader(body))
		r.Header = authorized("Idempotency-Key", "k")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}()
	cancel(errors.New("the client has gone"))
	close(b.gate)
	<-done
	w := call(t, h, "POST", "/v1/messages", body, authorized("Idempotency-Key", "k"))
	if w.Code != http.StatusOK || b.sent.Load() != 1 {
		t.Errorf("%d, sent %d times", w.Code, b.sent.Load())
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
