package mesh

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestStampsGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the wall clock stands still
		var c Clock
		last := c.Now()
		if !last.Time().Equal(time.Now().Truncate(time.Millisecond)) {
			t.Errorf("%v is not now", last.Time())
		}
		for range 100_000 { // more than the counter holds
			next := c.Now()
			if next <= last {
				t.Fatalf("%d after %d", next, last)
			}
			last = next
		}
		c.Observe(last + 1000)
		if next := c.Now(); next != last+1001 {
			t.Errorf("%d after an observed %d", next, last+1000)
		}
		c.Observe(5) // long past
		time.Sleep(time.Hour)
		if next := c.Now(); !next.Time().Equal(time.Now().Truncate(time.Millisecond)) {
			t.Errorf("%v is not now", next.Time())
		}
	})
}

func TestStampsOfSeveralGoroutinesDiffer(t *testing.T) {
	var c Clock
	var mu sync.Mutex
	seen := map[Stamp]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				s := c.Now()
				mu.Lock()
				if seen[s] {
					t.Error("twice")
				}
				seen[s] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestNodeIDsAreReadable(t *testing.T) {
	if got := (NodeID{"n1", 0xab}).String(); got != "n1#00000000000000ab" {
		t.Error(got)
	}
	if (NodeID{"n1", 1}).IsZero() || !(NodeID{}).IsZero() {
		t.Error("IsZero")
	}
}
