package dive_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/storages"
)

// statsOf are those of the one storage of a module.
func statsOf(t *testing.T, m *dive.Module) (storages.Stats, storages.Storage) {
	t.Helper()
	all := storages.Of(m).Stats(t.Context())
	if len(all.Storages) != 1 {
		t.Fatalf("got %+v", all)
	}

	return all, all.Storages[0]
}

// outcomesOf are the calls of each operation by outcome. Each call has its time.
func outcomesOf(t *testing.T, s storages.Storage) map[string]map[string]uint64 {
	t.Helper()
	all := map[string]map[string]uint64{}
	for _, o := range s.Operations {
		all[o.Name] = o.Outcomes
		var n uint64
		for _, ended := range o.Outcomes {
			n += ended
		}
		if o.Times.Count() != n {
			t.Errorf("%s: %d times of %d calls", o.Name, o.Times.Count(), n)
		}
	}

	return all
}

func TestOperationsAreCountedByHowTheyEnded(t *testing.T) {
	m := dive.NewModule()
	s, err := m.New("Test", &dive.Options{MaxBytes: 1 << 20})
	noError(t, err)
	if all, st := statsOf(t, m); all.Node != nil || st.Size != nil || len(st.Operations) != 0 || st.MaxBytes != 1<<20 {
		t.Errorf("before the start: %+v", all)
	}
	start(t, m)
	noError(t, s.Set("a", "x"))
	noError(t, s.SetEx("b", 1, 60))
	noError(t, s.RPush("list", 1, 2))
	_ = s.Get("a")
	_ = s.Get("zed")
	_ = s.GetEx("a", 60)
	_ = s.SetIfNotExists("a", "y")
	_ = s.IncrBy("a", 1)
	_ = s.Set("", 1)
	_ = s.SetEx("a", 1, 0)
	_ = s.Set("a", struct{}{})
	_ = s.Set("a", strings.Repeat("x", 2<<20))
	_, _ = s.LPop("list", 0)
	_, err = s.LRange("list", 0, -1)
	noError(t, err)
	w, err := s.Watch(t.Context(), "zed")
	noError(t, err)
	<-w
	_, err = s.Keys(t.Context(), "")
	noError(t, err)
	all, st := statsOf(t, m)
	got := outcomesOf(t, st)
	want := map[string]map[string]uint64{
		"Set":            {"ok": 2, "invalid": 3, "too_large": 1},
		"SetIfNotExists": {"exists": 1},
		"Get":            {"ok": 2, "not_found": 1},
		"IncrBy":         {"kind": 1},
		"RPush":          {"ok": 1},
		"LPop":           {"invalid": 1},
		"LRange":         {"ok": 1},
		"Watch":          {"ok": 1},
		"Keys":           {"ok": 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if st.Size == nil || *st.Size <= 0 || *st.Size > st.MaxBytes {
		t.Errorf("the size is %v", st.Size)
	}
	if n := all.Node; n == nil || !n.Connected || n.Reconnects != 0 || n.Memory < uint64(*st.Size) {
		t.Errorf("the node: %+v", n)
	}
	stop(m)
	if err := s.Set("a", 1); err == nil {
		t.Error("a write after the stop had no error")
	}
	if all, st := statsOf(t, m); all.Node != nil || st.Size != nil || outcomesOf(t, st)["Set"]["unavailable"] != 1 {
		t.Errorf("after the stop: %+v", st)
	}
}

func TestWritersThatAreTooLateAreCounted(t *testing.T) {
	m := dive.NewModule()
	s, err := m.New("Test", nil)
	noError(t, err)
	start(t, m)
	for deadline := time.Now().Add(20 * time.Second); ; {
		var writers sync.WaitGroup
		for range 8 {
			writers.Go(func() { _ = s.IncrBy("counter", 1) })
		}
		writers.Wait()
		_, st := statsOf(t, m)
		if st.Conflicts > 0 {
			if st.Retries != 0 {
				t.Errorf("%d retries", st.Retries)
			}

			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no conflict was counted")
		}
	}
}
