package bench

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// nearly tells that a histogram's value stands for a duration: its counter's upper end, within a
// thousandth.
func nearly(got, want int64) bool { return got >= want && float64(got-want) <= float64(want)/1000 }

func TestPercentilesAreThoseOfTheSortedDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Int64Range(1, int64(time.Minute)), 1, 500).Draw(t, "durations")
		recs := newRecorders(rapid.IntRange(1, 3).Draw(t, "workers"))
		for i, ns := range all {
			recs.forWorker(i).add(time.Duration(ns))
		}
		slices.Sort(all)
		h := recs.merged()
		for _, percent := range []float64{50, 90, 99, 99.9, 100} {
			rank := percent / 100 * float64(len(all))
			low, high := max(int(math.Floor(rank)), 1), max(int(math.Ceil(rank)), 1)
			if got := h.ValueAtPercentile(percent); !nearly(got, all[low-1]) && !nearly(got, all[high-1]) {
				t.Fatalf("%g: %d, want %d or %d", percent, got, all[low-1], all[high-1])
			}
		}
		l := latencyOf(h)
		if l.Count != uint64(len(all)) || !nearly(int64(math.Round(l.Max*1e3)), all[len(all)-1]) {
			t.Fatalf("%+v", l)
		}
	})
}

func TestWorkersMayAddAtOnce(t *testing.T) {
	recs := newRecorders(100)
	if len(recs) != maxRecorders {
		t.Errorf("%d histograms for 100 workers", len(recs))
	}
	var workers sync.WaitGroup
	for i := range 100 {
		workers.Go(func() {
			for range 50 {
				recs.forWorker(i).add(time.Millisecond)
			}
		})
	}
	recs.merged() // while they add
	workers.Wait()
	if n := recs.merged().TotalCount(); n != 5000 {
		t.Errorf("%d of 5000 durations are counted", n)
	}
}

func TestAnEmptyHistogramIsAllZero(t *testing.T) {
	if l := latencyOf(newRecorders(3).merged()); l != (Latency{}) {
		t.Errorf("%+v", l)
	}
}

func TestDurationsOutOfBoundsCountAsTheBounds(t *testing.T) {
	recs := newRecorders(1)
	recs.forWorker(0).add(-time.Second)
	recs.forWorker(7).add(24 * time.Hour)
	if h := recs.merged(); h.TotalCount() != 2 || h.ValueAtPercentile(0) != 0 || h.ValueAtPercentile(100) != maxDuration-1 {
		t.Errorf("%d durations, %d to %d ns", h.TotalCount(), h.ValueAtPercentile(0), h.ValueAtPercentile(100))
	}
}

func TestAHistogramTakesLittleMemory(t *testing.T) {
	if size := newHistogram().ByteSize(); size > 300<<10 {
		t.Errorf("%d bytes", size)
	}
}
