package dive

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/storages"
)

// outcomes names how an operation can end, in metrics. The first error that fits names it.
var outcomes = [...]struct {
	name string
	err  error
}{
	{"ok", nil},
	{"not_found", ErrNotFound},
	{"exists", ErrExists},
	{"contended", ErrContended},
	{"full", ErrFull},
	{"too_large", ErrTooLarge},
	{"invalid", ErrInvalidKey},
	{"invalid", ErrInvalidTTL},
	{"invalid", ErrInvalidRange},
	{"invalid", ErrInvalidValue},
	{"kind", ErrKind},
	{"overflow", ErrOverflow},
	{"unavailable", ErrUnavailable}, // and what has no name of its own: the engine's own errors
}

func outcomeOf(err error) int {
	for i, o := range outcomes[:len(outcomes)-1] {
		if errors.Is(err, o.err) {
			return i
		}
	}

	return len(outcomes) - 1
}

// counters are those of one operation of a storage.
type counters struct {
	ended [len(outcomes)]atomic.Uint64
	times latency.Histogram
}

func (c *counters) count(err error, took time.Duration) {
	c.ended[outcomeOf(err)].Add(1)
	c.times.Observe(took)
}

// newCounters makes the counters of a storage, by operation.
func newCounters() map[string]*counters {
	all := make(map[string]*counters)
	for _, name := range []string{opSet, opSetIfNotExists, opGet, opDel, opIncrBy, opLPush, opRPush, opLPop, opRPop, opLRange, opWatch, opKeys} {
		all[name] = &counters{}
	}

	return all
}

// stats copies the counters of an operation, by outcome.
func (c *counters) stats(name string) storages.Operation {
	o := storages.Operation{Name: name, Outcomes: map[string]uint64{}, Times: c.times.Snapshot()}
	for i := range c.ended {
		if n := c.ended[i].Load(); n > 0 {
			o.Outcomes[outcomes[i].name] += n
		}
	}

	return o
}

// sizeTime bounds how long a scrape waits for the sizes of storages.
const sizeTime = 250 * time.Millisecond

// Stats implements storages.Engine.
func (e engine) Stats(ctx context.Context) (stats storages.Stats) {
	m := e.m
	m.mu.Lock()
	all := slices.SortedFunc(maps.Values(m.storages), func(a, b *Storage) int { return strings.Compare(a.name, b.name) })
	node, running := m.node, m.node != nil && !m.stopped
	m.mu.Unlock()
	if running {
		s := node.Stats()
		stats.Node = &s
	}
	ctx, cancel := context.WithTimeout(ctx, sizeTime)
	defer cancel()
	var sizes sync.WaitGroup
	stats.Storages = make([]storages.Storage, len(all))
	for i, s := range all {
		sizes.Go(func() { stats.Storages[i] = s.stats(ctx, running) })
	}
	sizes.Wait()

	return stats
}

// stats reads a storage's counters, and its size if it answers in time.
func (s *Storage) stats(ctx context.Context, running bool) storages.Storage {
	st := storages.Storage{Name: s.name, MaxBytes: s.options.MaxBytes}
	for _, name := range slices.Sorted(maps.Keys(s.counters)) {
		if o := s.counters[name].stats(name); len(o.Outcomes) > 0 {
			st.Operations = append(st.Operations, o)
		}
	}
	select {
	case <-s.started:
	default:
		return st
	}
	st.Conflicts, st.Retries = s.bucket.Counts()
	if running {
		st.Size = s.bucket.Size(ctx)
	}

	return st
}
