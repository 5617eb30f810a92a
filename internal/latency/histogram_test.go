package latency_test

import (
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/latency"
)

func TestADurationIsInTheBucketWhoseBoundItDoesNotPass(t *testing.T) {
	for i := range latency.Buckets {
		for _, c := range []struct {
			d  time.Duration
			in int
		}{{latency.Bound(i), i}, {latency.Bound(i) + 1, i + 1}} {
			var h latency.Histogram
			h.Observe(c.d)
			s := h.Snapshot()
			if s.Counts[c.in] != 1 || s.Count() != 1 || s.Sum != c.d {
				t.Errorf("%v is not in bucket %d: %v", c.d, c.in, s)
			}
		}
	}
}

func TestDurationsBeyondAllBoundsAreCounted(t *testing.T) {
	var h latency.Histogram
	h.Observe(-time.Second)
	h.Observe(0)
	h.Observe(time.Hour)
	s := h.Snapshot()
	if s.Counts[0] != 2 || s.Counts[latency.Buckets] != 1 || s.Sum != time.Hour {
		t.Errorf("%v", s)
	}
}

func TestObservingAllocatesNothing(t *testing.T) {
	var h latency.Histogram
	if n := testing.AllocsPerRun(100, func() { h.Observe(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
