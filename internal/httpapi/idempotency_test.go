package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/wire"
)

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
