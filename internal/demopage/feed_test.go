package demopage

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
)

func events(t *testing.T, f *Feed, p *subscriber) map[string]string {
	t.Helper()
	list, err := f.next(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, e := range list {
		m[e.name] = string(e.data)
	}

	return m
}

func TestAPageGetsTheNewestStateAndEveryMessageOnce(t *testing.T) {
	f := NewFeed()
	f.SetState(&State{Mode: "old"})
	p := f.subscribe()
	defer f.unsubscribe(p)
	f.SetState(&State{Mode: ModeNode})
	f.SetCaption(Caption{Text: "hello"})
	f.Add([]Message{{From: "ada"}, {From: "ben"}}, 1)
	got := events(t, f, p)
	var state State
	var report Report
	if err := errors.Join(json.Unmarshal([]byte(got["state"]), &state), json.Unmarshal([]byte(got["messages"]), &report)); err != nil {
		t.Fatal(err)
	}
	if state.Mode != ModeNode || len(report.Messages) != 2 || report.Left != 1 || got["caption"] != `{"text":"hello"}` {
		t.Errorf("got %v", got)
	}
	f.SetState(&State{Mode: ModeNode}) // no news
	f.Add([]Message{{From: "eve"}}, 0)
	if got := events(t, f, p); len(got) != 1 || got["messages"] == "" {
		t.Errorf("then got %v", got)
	}
}

func TestASlowPageMissesMessagesThatAreCounted(t *testing.T) {
	f := NewFeed()
	p := f.subscribe()
	defer f.unsubscribe(p)
	f.Add(make([]Message, maxWaiting-1), 0)
	f.Add(make([]Message, 3), 5)
	var report Report
	if err := json.Unmarshal([]byte(events(t, f, p)["messages"]), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Messages) != maxWaiting || report.Left != 7 {
		t.Errorf("%d messages, %d left", len(report.Messages), report.Left)
	}
}

func TestAStreamEndsWithItsPageAndWithTheFeed(t *testing.T) {
	f := NewFeed()
	select {
	case <-f.Viewed():
		t.Error("viewed before a page is open")
	default:
	}
	p := f.subscribe()
	<-f.Viewed()
	events(t, f, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.next(ctx, p); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	f.Close()
	if _, err := f.next(t.Context(), p); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
	f.unsubscribe(p)
	f.subscribe()
}
