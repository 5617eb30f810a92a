package netio

import (
	"sync"
	"sync/atomic"
	"testing"
)

// Each report is followed by a look of a reader that began behind it, and one reads at a time.
func TestNothingReportedIsMissed(t *testing.T) {
	const reports = 20_000
	var turns Turns
	var reported, seen atomic.Int64
	var reading atomic.Bool
	read := func() {
		for {
			if !reading.CompareAndSwap(false, true) {
				t.Error("two readers")
			}
			seen.Store(reported.Load())
			reading.Store(false)
			if turns.End() {
				return
			}
		}
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range reports {
				reported.Add(1)
				if turns.Begin() {
					read()
				}
			}
		})
	}
	all.Wait()
	if seen.Load() != reported.Load() {
		t.Errorf("%d of %d seen", seen.Load(), reported.Load())
	}
}
