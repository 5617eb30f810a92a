package bench

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEveryDurationHasACounterThatKnowsItToAThousandth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.Uint64Range(0, longest-1).Draw(t, "ns")
		b := bucket(ns)
		if b < 0 || b >= allBuckets {
			t.Fatalf("counter %d of %d", b, allBuckets)
		}
		high := uint64(highest(b))
		if high < ns || float64(high-ns) > float64(ns)/1000 {
			t.Fatalf("%d ns is counted as up to %d", ns, high)
		}
		if b > 0 && uint64(highest(b-1)) >= ns {
			t.Fatalf("%d ns belongs to a lower counter than %d", ns, b)
		}
	})
}

func TestPercentilesAreThoseOfTheSortedDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Int64Range(1, int64(time.Minute)), 1, 500).Draw(t, "durations")
		var h histogram
		for _, ns := range all {
			h.add(time.Duration(ns))
		}
		slices.Sort(all)
		for _, share := range []float64{0, .5, .9, .99, .999, 1} {
			want := all[max(int(math.Ceil(share*float64(len(all)))), 1)-1]
			if got := int64(h.at(share)); got < want || float64(got-want) > float64(want)/1000 {
				t.Fatalf("%g: %d, want %d", share, got, want)
			}
		}
		if l := h.latency(); l.Count != uint64(len(all)) || l.Max != float64(all[len(all)-1])/1e3 {
			t.Fatalf("%+v", l)
		}
	})
}

func TestAnEmptyHistogramIsAllZero(t *testing.T) {
	if l := new(histogram).latency(); l != (Latency{}) {
		t.Errorf("%+v", l)
	}
}

func TestDurationsOutOfBoundsCountAsTheBounds(t *testing.T) {
	var h histogram
	h.add(-time.Second)
	h.add(24 * time.Hour)
	if h.count() != 2 || h.at(0) != 0 || h.at(1) != longest-1 {
		t.Errorf("%d durations, %s to %s", h.count(), h.at(0), h.at(1))
	}
}
