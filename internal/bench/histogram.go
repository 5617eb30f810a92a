package bench

import (
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A histogram holds durations of up to 18 minutes, to three significant digits. It takes 256 KB.
const (
	minDuration = 1       // ns
	maxDuration = 1 << 40 // ns; more is counted as that
	precision   = 3       // digits
)

// maxRecorders bounds the memory of a run's histograms, for any number of users.
const maxRecorders = 8

// recorder is the histogram of one worker, or of a few workers that share it.
type recorder struct {
	mu   sync.Mutex
	hist *hdrhistogram.Histogram // guarded by mu
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(minDuration, maxDuration, precision)
}

func (r *recorder) add(d time.Duration) {
	ns := min(max(int64(d), 0), maxDuration-1)
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.hist.RecordValue(ns) // fails out of bounds only
}

// recorders are the histograms of all workers of a run.
type recorders []*recorder

// newRecorders makes the recorders for a number of workers.
func newRecorders(workers int) recorders {
	all := make(recorders, min(workers, maxRecorders))
	for i := range all {
		all[i] = &recorder{hist: newHistogram()}
	}

	return all
}

// forWorker returns the recorder of a worker.
func (all recorders) forWorker(worker int) *recorder { return all[worker%len(all)] }

// merged returns the sum of all histograms so far.
func (all recorders) merged() *hdrhistogram.Histogram {
	sum := newHistogram()
	for _, r := range all {
		r.mu.Lock()
		sum.Merge(r.hist) // drops nothing: they have the same bounds
		r.mu.Unlock()
	}

	return sum
}

// Latency summarises a set of durations, in microseconds.
type Latency struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean_us"`
	P50   float64 `json:"p50_us"`
	P90   float64 `json:"p90_us"`
	P99   float64 `json:"p99_us"`
	P999  float64 `json:"p99_9_us"`
	Max   float64 `json:"max_us"`
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	l := Latency{Count: uint64(h.TotalCount())}
	if l.Count == 0 {
		return l
	}
	const us = float64(time.Microsecond)
	l.Mean = h.Mean() / us
	for percent, to := range map[float64]*float64{50: &l.P50, 90: &l.P90, 99: &l.P99, 99.9: &l.P999, 100: &l.Max} {
		*to = float64(h.ValueAtPercentile(percent)) / us
	}

	return l
}

// atNines is the duration that all but 10^-nines of all did not exceed: 2 stands for the 99th
// percentile, 0 for the least.
func atNines(h *hdrhistogram.Histogram, nines float64) float64 {
	return float64(h.ValueAtPercentile(100 * (1 - math.Pow(10, -nines))))
}
