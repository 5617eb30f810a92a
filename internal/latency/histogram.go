package latency

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// Buckets is the number of buckets that have an upper bound.
	Buckets = 22
	// first is the upper bound of the first bucket.
	first = 4 * time.Microsecond
)

// Bound is the upper bound of bucket i, which belongs to the bucket.
func Bound(i int) time.Duration { return first << i }

// Histogram counts durations. The zero value is empty. Safe for use by several goroutines.
type Histogram struct {
	counts [Buckets + 1]atomic.Uint64 // the last one has what is above all bounds
	sum    atomic.Int64
}

// Observe counts a duration. A negative one, of a clock that was set back, counts as none.
func (h *Histogram) Observe(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(d)].Add(1)
	h.sum.Add(int64(d))
}

func bucket(d time.Duration) int {
	if d <= first {
		return 0
	}

	return min(bits.Len64(uint64((d-1)/first)), Buckets)
}

// Snapshot is a copy of a Histogram.
type Snapshot struct {
	Counts [Buckets + 1]uint64
	Sum    time.Duration
}

// Snapshot copies the counts.
func (h *Histogram) Snapshot() (s Snapshot) {
	for i := range s.Counts {
		s.Counts[i] = h.counts[i].Load()
	}
	s.Sum = time.Duration(h.sum.Load())

	return s
}

// Count is the number of durations.
func (s *Snapshot) Count() (n uint64) {
	for _, c := range s.Counts {
		n += c
	}

	return n
}
