package hook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/hook"
)

const secret = "a-hook-secret-of-tests"

// server is the other server; answer makes its answers.
func server(t *testing.T, timeout time.Duration, answer func(w http.ResponseWriter, body []byte)) *hook.Hook {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		seconds, signature, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Parley-Signature"), "t="), ",v1=")
		at, _ := strconv.ParseInt(seconds, 10, 64)
		if err != nil || signature != hook.Sign(secret, seconds, body) || time.Since(time.Unix(at, 0)) > time.Minute || r.Header.Get("Parley-Node") != "n1" {
			w.WriteHeader(http.StatusUnauthorized)

			return
		}
		answer(w, body)
	}))
	t.Cleanup(s.Close)
	h := hook.New(hook.Config{URL: s.URL, Secret: secret, Timeout: timeout, Node: "n1", Log: slog.New(slog.DiscardHandler)})
	h.Start()
	t.Cleanup(func() { h.Close(context.Background()) })

	return h
}

func TestTheServerAllowsDeclinesAndReplaces(t *testing.T) {
	var asked string
	reply := ""
	h := server(t, 10*time.Second, func(w http.ResponseWriter, body []byte) {
		asked = string(body)
		_, _ = io.WriteString(w, reply)
	})
	for _, c := range []struct {
		reply string
		want  hook.Answer
		fails bool
	}{
		{reply: "", want: hook.Answer{Allowed: true}},
		{reply: `{"action":"allow"}`, want: hook.Answer{Allowed: true}},
		{reply: `{"action":"decline"}`},
		{reply: `{"action":"replace","text":"hé"}`, want: hook.Answer{Allowed: true, Replace: []byte("hé")}},
		{reply: `{"action":"replace","base64":"AP8="}`, want: hook.Answer{Allowed: true, Replace: []byte{0, 255}}},
		{reply: `{"action":"replace","text":""}`, want: hook.Answer{Allowed: true, Replace: []byte{}}},
		{reply: `{"action":"replace","base64":"?"}`, fails: true},
		{reply: `{"action":"replace"}`, fails: true},
		{reply: `{"action":"perhaps"}`, fails: true},
		{reply: `yes`, fails: true},
	} {
		reply = c.reply
		got, err := h.Ask(hook.Message{From: "a", To: "b", Ver: 2, Cmd: 7, Body: []byte{0, 1}})
		if (err != nil) != c.fails || got.Allowed != c.want.Allowed || !bytes.Equal(got.Replace, c.want.Replace) || (got.Replace == nil) != (c.want.Replace == nil) {
			t.Errorf("%s: %+v, %v", c.reply, got, err)
		}
	}
	if want := `{"from":"a","to":"b","ver":2,"cmd":7,"base64":"AAE=","type":"message"}`; asked != want {
		t.Errorf("it was asked %s, want %s", asked, want)
	}
}

func TestAServerThatIsLateHasNotDecided(t *testing.T) {
	over := make(chan struct{})
	h := server(t, 20*time.Millisecond, func(http.ResponseWriter, []byte) { <-over })
	_, err := h.Ask(hook.Message{})
	close(over)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestAServerThatFailsIsNotAskedForAMoment(t *testing.T) {
	var asked atomic.Int64
	h := server(t, time.Second, func(w http.ResponseWriter, _ []byte) {
		asked.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	})
	for range 10 {
		if a, err := h.Ask(hook.Message{}); err == nil || a.Allowed {
			t.Error("a failure decides")
		}
	}
	if _, err := h.Ask(hook.Message{}); asked.Load() != 5 || !errors.Is(err, hook.ErrUnavailable) {
		t.Errorf("asked %d times; %v", asked.Load(), err)
	}
	if s := h.Stats(); s.Failed != 5 || s.Skipped != 6 || s.Answered != 0 {
		t.Errorf("%+v", s)
	}
}

func TestEventsAreToldInOrderAndTriedAgain(t *testing.T) {
	var mu sync.Mutex
	var users []string
	failed := false
	h := server(t, time.Second, func(w http.ResponseWriter, body []byte) {
		mu.Lock()
		defer mu.Unlock()
		if !failed {
			failed = true
			w.WriteHeader(http.StatusBadGateway)

			return
		}
		var got struct {
			Type   string
			Events []hook.Event
		}
		if err := json.Unmarshal(body, &got); err != nil || got.Type != "events" || len(got.Events) > 100 {
			t.Errorf("%.80s: %v", body, err)
		}
		for _, e := range got.Events {
			users = append(users, e.User)
		}
	})
	const many = 250
	for i := range many {
		h.Tell(hook.Event{Kind: "connect", User: strconv.Itoa(i)})
	}
	h.Close(t.Context())
	h.Tell(hook.Event{Kind: "connect", User: "late"})
	mu.Lock()
	defer mu.Unlock()
	for i, u := range users {
		if u != strconv.Itoa(i) {
			t.Fatalf("event %d is of user %s", i, u)
		}
	}
	if s := h.Stats(); len(users) != many || s.Dropped != 1 {
		t.Errorf("%d events, %+v", len(users), s)
	}
}

func TestEventsBeyondTheBoundAreDropped(t *testing.T) {
	over := make(chan struct{})
	h := server(t, time.Second, func(http.ResponseWriter, []byte) { <-over })
	const many = 5000
	for range many {
		h.Tell(hook.Event{})
	}
	if n := h.Stats().Dropped; n < many-4096-100 || n > many-4096 {
		t.Errorf("%d were dropped", n)
	}
	close(over)
}
