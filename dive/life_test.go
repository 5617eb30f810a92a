package dive_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parley-dm/parley/dive"
)

// patience bounds what a test waits for.
const patience = 20 * time.Second

// next is the watcher's next result.
func next(t *testing.T, results <-chan *dive.Result) *dive.Result {
	t.Helper()
	select {
	case r, open := <-results:
		if !open {
			t.Fatal("the watch has ended")
		}

		return r
	case <-time.After(patience):
		t.Fatal("the watch shows nothing")

		return nil
	}
}

func TestWatchShowsTheValueAndItsChanges(t *testing.T) {
	s := single(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	results, err := s.Watch(ctx, "k")
	noError(t, err)
	if err := next(t, results).Err(); !errors.Is(err, dive.ErrNotFound) {
		t.Fatalf("before: %v", err)
	}
	noError(t, s.Set("other", 1))
	for i := range 3 {
		noError(t, s.Set("k", i))
		if n, err := next(t, results).ToInt(); err != nil || n != i {
			t.Fatalf("got %d, %v, want %d", n, err, i)
		}
	}
	late, err := s.Watch(ctx, "k")
	noError(t, err)
	if n, err := next(t, late).ToInt(); err != nil || n != 2 {
		t.Fatalf("a second watch begins with %d, %v", n, err)
	}
	noError(t, s.Del("k").Err())
	for _, w := range []<-chan *dive.Result{results, late} {
		if err := next(t, w).Err(); !errors.Is(err, dive.ErrNotFound) {
			t.Fatalf("after Del: %v", err)
		}
	}
	cancel()
	for range results {
	}
}

func TestEntriesExpireAndEveryWriteSetsTheTimeAnew(t *testing.T) {
	s := single(t, nil)
	results, err := s.Watch(t.Context(), "short")
	noError(t, err)
	next(t, results)
	noError(t, s.SetEx("extended", 1, 1))
	noError(t, s.RPushEx("list", 1, 1))
	noError(t, s.SetEx("counter", 1, 1))
	begun := time.Now()
	noError(t, s.SetEx("short", 1, 1))
	noError(t, s.GetEx("extended", 60).Err())
	noError(t, s.RPush("list", 2))
	noError(t, s.IncrBy("counter", 1).Err())
	next(t, results)
	if err := next(t, results).Err(); !errors.Is(err, dive.ErrNotFound) {
		t.Fatalf("the watch shows %v", err)
	}
	if late := time.Since(begun); late < time.Second || late > 3*time.Second {
		t.Errorf("1 s to live were %s", late)
	}
	if err := s.Get("short").Err(); !errors.Is(err, dive.ErrNotFound) {
		t.Errorf("after its time: %v", err)
	}
	for _, key := range []string{"extended", "list", "counter"} {
		noError(t, s.Get(key).Err())
	}
	noError(t, s.SetIfNotExists("short", 2))
	if n, err := s.IncrBy("short", 1).ToInt(); err != nil || n != 3 {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestOperationsOfANodeThatDoesNotRunEndInUnavailable(t *testing.T) {
	m := dive.NewModule()
	s, err := m.New("Test", &dive.Options{Timeout: 100 * time.Millisecond})
	noError(t, err)
	begun := time.Now()
	if err := s.Set("k", 1); !errors.Is(err, dive.ErrUnavailable) || !dive.IsNodeNotFoundError(err) {
		t.Errorf("before: %v", err)
	}
	if took := time.Since(begun); took < 100*time.Millisecond {
		t.Errorf("it waited %s", took)
	}
	start(t, m)
	noError(t, s.Set("k", 1))
	results, err := s.Watch(t.Context(), "k")
	noError(t, err)
	stop(m)
	for range results {
	}
	for _, err := range []error{s.Set("k", 1), s.Get("k").Err(), s.IncrBy("k", 1).Err()} {
		if !errors.Is(err, dive.ErrUnavailable) {
			t.Errorf("after: %v", err)
		}
	}
	if _, err := s.Watch(t.Context(), "k"); !errors.Is(err, dive.ErrUnavailable) {
		t.Errorf("a watch after: %v", err)
	}
	if !m.IsReadyToShutdown() {
		t.Error("an operation is under way")
	}
}

func TestACallerCanGiveUp(t *testing.T) {
	s, err := dive.NewModule().New("Test", nil)
	noError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.GetContext(ctx, "k").Err(); !errors.Is(err, dive.ErrUnavailable) {
		t.Errorf("error is %v", err)
	}
}

func TestAStorageCanBeMadeWhileTheNodeRuns(t *testing.T) {
	m := dive.NewModule()
	start(t, m)
	s, err := m.New("Late", nil)
	noError(t, err)
	noError(t, s.Set("k", 1))
	if _, err := m.New("Late", nil); !errors.Is(err, dive.ErrDuplicateStorage) || !dive.IsNewStorageError(err) {
		t.Errorf("a second one: %v", err)
	}
	if _, err := m.New("no name", nil); !dive.IsInvalidStorageNameError(err) {
		t.Errorf("a wrong name: %v", err)
	}
	if _, err := m.New("Replicated", &dive.Options{Replicas: 3}); !dive.IsSetupError(err) {
		t.Errorf("three replicas on one node: %v", err)
	}
	if m.GetStorageByName("Late") != s || m.GetStorageByName("Replicated") != nil {
		t.Error("the names are mixed up")
	}
}
