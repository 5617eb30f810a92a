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

func TestASuspendedReaderIsResumedOnce(t *testing.T) {
	var turns Turns
	if turns.Resume() {
		t.Error("resumed without a reader")
	}
	turns.Begin()
	turns.Begin() // something is reported
	turns.Suspend()
	if turns.Begin() || !turns.Suspended() || turns.Ended() {
		t.Error("a report ends the suspension")
	}
	var resumed atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if turns.Resume() {
				resumed.Add(1)
			}
		})
	}
	all.Wait()
	if resumed.Load() != 1 {
		t.Errorf("resumed %d times", resumed.Load())
	}
	if turns.Begin() || turns.End() || !turns.End() || !turns.Ended() {
		t.Error("the reader that was resumed does not see a report")
	}
}
