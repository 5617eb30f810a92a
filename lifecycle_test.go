package parley

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// freshDefaults makes the default node as it is when a process begins.
func freshDefaults() {
	dm.Default, dive.Default, user.Default = dm.New(), dive.NewModule(), user.NewRegistry()
	standard.Lock()
	defer standard.Unlock()
	standard.set, standard.onStart, standard.onStarted, standard.server, standard.cancel = nil, nil, nil, nil, nil
}

func TestTheDefaultNodeCallsTheFunctionsOfItsLifeInOrder(t *testing.T) {
	freshDefaults()
	t.Cleanup(freshDefaults)
	for name, value := range map[string]string{
		"PARLEY_TCP": "127.0.0.1:0", "PARLEY_HTTP": "off", "PARLEY_LOG_LEVEL": "error",
		"PARLEY_AUTH_KEY": "a signing key for tests, 32 bytes long or more",
	} {
		t.Setenv(name, value)
	}
	var (
		mu    sync.Mutex
		calls []string
	)
	called := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, what)
	}
	Stop() // has no effect yet
	OnReady(func() { called("ready") })
	OnReady(func(next func(error)) {
		go func() {
			called("ready, later")
			next(errors.New("an error of the program"))
			next(nil)
		}()
	})
	OnStarted(func() {
		called("started")
		if IsTerminating() {
			t.Error("it is terminating")
		}
		Stop()
	})
	OnStart(func() { called("start") })
	OnTerminate(func(next func(error)) {
		if !IsTerminating() {
			t.Error("it is not terminating")
		}
		called("terminate")
		go next(nil)
	})
	OnTerminate(func() { called("terminate too") })
	if err := run(context.Background(), func() {}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"start", "ready", "ready, later", "started", "terminate", "terminate too"}; !slices.Equal(calls, want) {
		t.Errorf("called: %q", calls)
	}
}
