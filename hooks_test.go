package parley_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/testkit"
)

// hookServer is a server that is asked about messages. It keeps the events that it is told of.
type hookServer struct {
	*httptest.Server

	mu     sync.Mutex
	events []string // "n1 connect alice tcp"; guarded by mu
	broken bool     // guarded by mu
}

func newHookServer(t *testing.T) *hookServer {
	t.Helper()
	h := &hookServer{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Type   string
			From   string
			Base64 []byte
			Events []struct{ Event, User, Transport, Reason string }
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.Header.Get("Parley-Signature") == "" {
			t.Errorf("%v %v", err, r.Header)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, e := range q.Events {
			h.events = append(h.events, fmt.Sprintf("%s %s %s%s", r.Header.Get("Parley-Node"), e.Event, e.User, e.Reason))
		}
		switch {
		case h.broken:
			w.WriteHeader(http.StatusInternalServerError)
		case q.From == "mallory":
			_, _ = io.WriteString(w, `{"action":"decline"}`)
		case string(q.Base64) == "damn":
			_, _ = io.WriteString(w, `{"action":"replace","text":"d***"}`)
		}
	}))
	t.Cleanup(h.Close)

	return h
}

// tells waits for an event.
func (h *hookServer) tells(t *testing.T, event string) {
	t.Helper()
	testkit.Eventually(t, "the hook is told "+event, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()

		return slices.Contains(h.events, event)
	})
}

func TestAWebhookDecidesAboutMessages(t *testing.T) {
	h := newHookServer(t)
	w := way{config: func(c *parley.Config) {
		c.HookURL, c.HookSecret, c.HookTimeout = h.URL, "a-hook-secret-of-tests", 10*time.Second
	}}
	c := w.newCluster(t, 2, nil)
	alice, bob, mallory := c.login("alice", 0, false), c.login("bob", 1, true), c.login("mallory", 0, false)
	h.tells(t, "n1 connect alice")
	h.tells(t, "n2 connect bob")
	for text, heard := range map[string]string{"hi": "hi", "damn": "d***"} {
		alice.tell("bob", text)
		bob.hears("alice: " + heard)
	}
	if r, err := mallory.Send(t.Context(), "bob", []byte("hi")); err != nil || r.Result != client.Declined {
		t.Errorf("%v, %v", r, err)
	}
	_ = bob.Close()
	h.tells(t, "n2 disconnect bobleft")
}

func TestAWebhookThatFailsDeclinesOrAllows(t *testing.T) {
	for failure, want := range map[string]client.Result{"": client.Declined, "decline": client.Declined, "allow": client.Delivered} {
		h := newHookServer(t)
		h.broken = true
		w := way{config: func(c *parley.Config) {
			c.HookURL, c.HookSecret, c.HookFailure = h.URL, "a-hook-secret-of-tests", failure
		}}
		c := w.newCluster(t, 1, nil)
		alice := c.login("alice", 0, false)
		for range 10 { // with the breaker closed and open
			if r, err := alice.Send(t.Context(), "alice", []byte("hi")); err != nil || r.Result != want {
				t.Errorf("%q: %v, %v", failure, r, err)
			}
		}
	}
}
