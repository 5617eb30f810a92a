package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestTheReceiverIsToldOfUsersWhoComeAndGo(t *testing.T) {
	r := newReceiver(t, says(""))
	a := attach(t, r.URL, nil, nil)
	began := time.Now()
	bob := a.Login("bob") // it is kept until Start
	if got := r.told(); len(got) > 0 {
		t.Errorf("told before the start: %+v", got)
	}
	a.hook.Start()
	bob.Logout()
	testkit.Eventually(t, "two events", func() bool { return len(r.told()) == 2 })
	for i, e := range r.told() {
		want := []string{"connect ", "disconnect left"}[i]
		if got := e.Kind + " " + e.Reason; got != want {
			t.Errorf("event %d is %q, want %q", i, got, want)
		}
		if e.User != "bob" || e.Session != bob.User.SID || e.Node != "n1#1" || e.Transport != "ws" || e.At.Before(began.Add(-time.Second)) || e.At.After(time.Now()) {
			t.Errorf("event %d is %+v", i, e)
		}
	}
}

func TestWhatWaitsIsToldBeforeTheEnd(t *testing.T) {
	r := newReceiver(t, says(""))
	a := attach(t, r.URL, nil, nil)
	const users = 250 // more than one request has
	for i := range users {
		a.Login(fmt.Sprint("user", i))
	}
	a.hook.Start()
	a.hook.Close(t.Context())
	events := r.told()
	for i, e := range events {
		if e.User != fmt.Sprint("user", i) {
			t.Fatalf("event %d is of %s", i, e.User)
		}
	}
	a.Login("late")
	if s := a.hook.Stats(); len(events) != users || s.Dropped != 1 {
		t.Errorf("%d events, want %d; %d dropped, want that after the end", len(events), users, s.Dropped)
	}
}

func TestAReceiverThatHangsDoesNotHoldUpTheEnd(t *testing.T) {
	reached, stop := make(chan struct{}, 1), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		reached <- struct{}{}
		<-stop
	}))
	defer s.Close()
	defer close(stop)
	a := attach(t, s.URL, nil, nil)
	a.hook.Start()
	a.Login("bob")
	<-reached
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.hook.Close(ctx)
	}()
	select {
	case <-ended:
		t.Error("it has ended with an event under way")
	default:
	}
	cancel()
	<-ended
	if s := a.hook.Stats(); s.Dropped != 1 || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
}
