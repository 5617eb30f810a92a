package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestANodeSendsTracesToAReceiver(t *testing.T) {
	testkit.Home(t)
	var mu sync.Mutex
	var got bytes.Buffer // all that was sent; guarded by mu
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.URL.Path != "/v1/traces" {
			t.Errorf("a request for %s", r.URL)
		}
		_, _ = io.Copy(&got, r.Body)
	}))
	t.Cleanup(receiver.Close)
	n := serve(t, "--otlp", receiver.URL, "--trace-ratio", "1")
	bob := start(t, "chat", "--as", "bob", "--with", "alice", "--url", n.tcp)
	bob.line(bob.err, "* bob talks to alice")
	if status, out, errs := command(t, "", "send", "--as", "alice", "--url", n.ws, "--to", "bob", "hello"); status != 0 {
		t.Fatalf("status %d, %q, %q", status, out, errs)
	}
	n.signal(os.Interrupt) // the node sends what is left
	if status := n.wait(); status != 0 {
		t.Errorf("the node ends with %d", status)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, want := range []string{"send", "lookup", "deliver", "alice", "delivered"} {
		if !bytes.Contains(got.Bytes(), []byte(want)) {
			t.Errorf("%q was not sent", want)
		}
	}
	if bytes.Contains(got.Bytes(), []byte("hello")) {
		t.Error("the text of a message was sent")
	}
}
