package chaos

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// times are measured times.
type times struct {
	mu  sync.Mutex
	all []time.Duration // guarded by mu
}

func (t *times) add(d ...time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, d...)
}

func (t *times) sorted() []time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()

	return slices.Sorted(slices.Values(t.all))
}

type timesRow struct {
	name  string
	times []time.Duration
}

func table(w io.Writer, lines []timesRow) {
	fmt.Fprintf(w, "  %-60s %6s %10s %10s\n", "", "times", "p50", "max")
	for _, l := range lines {
		if n := len(l.times); n > 0 {
			fmt.Fprintf(w, "  %-60s %6d %10v %10v\n", l.name, n, l.times[n/2].Round(time.Millisecond), l.times[n-1].Round(time.Millisecond))
		}
	}
}
