package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/overview"
)

// round is what a cluster with a node in each state answers.
func round(i int) overview.Round {
	at := time.Unix(1_700_000_000+int64(i), 0)
	n1 := &overview.Node{
		ID: "n1#1", Started: at, Age: time.Duration(i+1) * time.Second, Ready: true, Users: map[string]int64{"tcp": 3}, Members: 4, Settled: true,
		QueueBytes: 16384, QueueLimit: 1 << 30,
		Counters: map[string]map[string]uint64{overview.Ways: {"local": uint64(10 * i)}, overview.Outcomes: {"timeout": uint64(i)}},
		Times:    map[string]overview.Times{"lookup": {1, uint64(i)}},
		Links:    []overview.Link{{To: "n2#2", Suspended: true, Queued: 9}, {To: "n3#3", RoundTrip: time.Millisecond}},
		Views: []overview.View{
			{Number: 1, At: at, Members: 1, Joined: []string{"n1#1"}}, {Number: 2, At: at, Left: []overview.Left{{ID: "n0#0", Why: "the node is silent"}}},
		},
	}

	return overview.Round{At: at, By: "n1#1", Answers: []overview.Answer{
		{ID: "n1#1", Node: n1}, {ID: "n2#2", Fault: "it has not answered in time"},
		{ID: "n3#3", Node: &overview.Node{ID: "n3#3", Reason: "it looks for the others"}},
		{ID: "n4#4", Node: &overview.Node{ID: "n4#4", Ready: true}, Older: true, Fault: "it has another version"},
	}}
}

func TestPicturesAreAsDescribed(t *testing.T) {
	doc, _ := description(t)
	schema := doc.Components.Schemas["Picture"].Value
	w := call(t, httpapi.API(key, &backend{}), http.MethodGet, "/v1/events", "", authorized())
	if w.Header().Get("Content-Type") != "text/event-stream" || w.Header().Get("Cache-Control") != "no-store" || !w.Flushed {
		t.Errorf("%v, flushed: %v", w.Header(), w.Flushed)
	}
	events := strings.Split(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n")
	if len(events) != 2 {
		t.Fatalf("%d events: %s", len(events), w.Body)
	}
	states := make(map[string]bool)
	for _, e := range events {
		data, ok := strings.CutPrefix(e, "event: picture\ndata: ")
		var picture map[string]any
		if err := json.Unmarshal([]byte(data), &picture); err != nil || !ok {
			t.Fatalf("%v: %s", err, e)
		}
		if err := schema.VisitJSON(picture); err != nil {
			t.Errorf("%v: %s", err, data)
		}
		for _, n := range picture["nodes"].([]any) {
			states[n.(map[string]any)["state"].(string)] = true
		}
	}
	if len(states) != 5 {
		t.Errorf("not each state was checked: %v", states)
	}
}

// lasting gives as many pictures as there are ticks.
type lasting struct {
	*backend

	every time.Duration
	ticks int
}

func (l *lasting) Pictures(ctx context.Context, send func([]byte) error) error {
	t := time.NewTicker(l.every)
	defer t.Stop()
	for range l.ticks {
		if err := send([]byte("{}")); err != nil {
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}

	return nil
}

func TestAStreamOfPicturesOutlivesTheTimeoutsOfRequests(t *testing.T) {
	const short = 20 * time.Millisecond
	server := httptest.NewUnstartedServer(httpapi.API(key, &lasting{&backend{}, short, 10}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = short, short
	server.Start()
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = authorized()
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || string(got) != strings.Repeat("event: picture\ndata: {}\n\n", 10) {
		t.Errorf("%q, %v", got, err)
	}
}
