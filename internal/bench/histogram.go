package bench

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram's counters: durations below 2^(precision+1) ns have one each; above, each doubling of the duration has 2^precision,
// so a value is known to within 0.1 %.
const (
	precision  = 10
	perDouble  = 1 << precision
	longest    = 1 << 40 // ns, 18 minutes; more is counted as that
	allBuckets = (40-precision)*perDouble + perDouble
)

// histogram counts durations. Several goroutines may add to it at once.
type histogram struct {
	counts [allBuckets]atomic.Uint64
	sum    atomic.Uint64 // ns
	max    atomic.Int64  // ns
}

func (h *histogram) add(d time.Duration) {
	ns := min(max(int64(d), 0), longest-1)
	h.counts[bucket(uint64(ns))].Add(1)
	h.sum.Add(uint64(ns))
	for {
		was := h.max.Load()
		if ns <= was || h.max.CompareAndSwap(was, ns) {
			return
		}
	}
}

// bucket is the counter of a duration.
func bucket(ns uint64) int {
	shift := max(bits.Len64(ns)-precision-1, 0)

	return shift<<precision + int(ns>>shift)
}

// highest is the longest duration that a counter counts.
func highest(bucket int) int64 {
	shift := max(bucket>>precision-1, 0)

	return (int64(bucket-shift<<precision)+1)<<shift - 1
}

func (h *histogram) count() (n uint64) {
	for i := range h.counts {
		n += h.counts[i].Load()
	}

	return n
}

// at is the duration that a share of all (0.99: the 99th percentile) did not exceed.
func (h *histogram) at(share float64) time.Duration {
	rank := max(uint64(math.Ceil(share*float64(h.count()))), 1)
	var seen uint64
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen >= rank {
			return time.Duration(min(highest(i), h.max.Load()))
		}
	}

	return 0
}

// Latency is what there is to say about a set of durations, in microseconds.
type Latency struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean_us"`
	P50   float64 `json:"p50_us"`
	P90   float64 `json:"p90_us"`
	P99   float64 `json:"p99_us"`
	P999  float64 `json:"p99_9_us"`
	Max   float64 `json:"max_us"`
}

func (h *histogram) latency() Latency {
	l := Latency{Count: h.count()}
	if l.Count == 0 {
		return l
	}
	l.Mean = float64(h.sum.Load()) / float64(l.Count) / float64(time.Microsecond)
	for _, p := range []struct {
		share float64
		to    *float64
	}{{.5, &l.P50}, {.9, &l.P90}, {.99, &l.P99}, {.999, &l.P999}, {1, &l.Max}} {
		*p.to = float64(h.at(p.share)) / float64(time.Microsecond)
	}

	return l
}
