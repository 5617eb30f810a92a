package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/hook"
	"github.com/parley-dm/parley/internal/testkit/onenode"
	"github.com/parley-dm/parley/internal/webhook"
)

// question is what the receiver is asked about a message.
type question struct {
	From, To string
	Ver      uint8
	Cmd      uint16
	Base64   []byte
}

// receiver is the other server. It answers as its function says, and keeps the events.
type receiver struct {
	*httptest.Server

	answer func(w http.ResponseWriter, q question)

	mu     sync.Mutex
	events []hook.Event // guarded by mu
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, q question)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.Close)

	return r
}

func (r *receiver) serve(w http.ResponseWriter, request *http.Request) {
	var q struct {
		question

		Type   string
		Events []hook.Event
	}
	if err := json.NewDecoder(request.Body).Decode(&q); err != nil {
		w.WriteHeader(http.StatusBadRequest)

		return
	}
	if q.Type == "events" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events = append(r.events, q.Events...)

		return
	}
	r.answer(w, q.question)
}

// told is the events until now.
func (r *receiver) told() []hook.Event {
	r.mu.Lock()
	defer r.mu.Unlock()

	return append([]hook.Event(nil), r.events...)
}

// says is an answer that is the same for all messages.
func says(text string) func(http.ResponseWriter, question) {
	return func(w http.ResponseWriter, _ question) { _, _ = io.WriteString(w, text) }
}

// attached is a node whose messages a receiver is asked about.
type attached struct {
	*onenode.Node

	hook *webhook.Webhook
}

// attach makes a node. Program sets the program's own callbacks; nil: there are none.
func attach(t *testing.T, url string, change func(cfg *webhook.Config), program func(n *onenode.Node)) *attached {
	t.Helper()
	a := &attached{}
	a.Node = onenode.New(t, "n1", func(n *onenode.Node) {
		log := slog.New(slog.DiscardHandler)
		cfg := webhook.Config{
			Hook: hook.Config{URL: url, Secret: "a-hook-secret-of-tests", Timeout: 10 * time.Second, Node: "n1", Log: log},
			Node: "n1#1", DM: n.DM, Users: n.Users,
		}
		if change != nil {
			change(&cfg)
		}
		a.hook = webhook.Attach(cfg)
		if program != nil {
			program(n)
		}
	})
	t.Cleanup(func() { a.hook.Close(context.Background()) })

	return a
}

// send sends a message and returns its outcome.
func (a *attached) send(t *testing.T, from *onenode.Client, to, text string) dm.Result {
	t.Helper()
	r, err := a.DM.Send(t.Context(), from.User, to, dm.Message{Ver: 2, Cmd: 7, Body: []byte(text)})
	if err != nil {
		t.Errorf("%s to %s: %v", from.User.ID, to, err)
	}

	return r.Result
}
