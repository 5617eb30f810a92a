package overview

import (
	"time"

	"github.com/parley-dm/parley/internal/latency"
)

// Figures are counters and times as they change.
type Figures struct {
	// PerSecond has the rates of the last second, by group and name; nil: they are not known yet.
	PerSecond map[string]map[string]float64 `json:"per_second,omitempty"`
	// Minute has the sums of the last Window, and Total those since the start.
	Minute map[string]map[string]uint64 `json:"minute,omitempty"`
	Total  map[string]map[string]uint64 `json:"total,omitempty"`
	Window float64                      `json:"window"` // seconds, at most some 60
	// Times has the durations of the last Window, by name.
	Times map[string]Summary `json:"times,omitempty"`
}

// Summary describes durations, in microseconds. Percentiles are estimated within their buckets.
type Summary struct {
	Count   uint64  `json:"count"`
	P50     float64 `json:"p50"`
	P90     float64 `json:"p90"`
	P99     float64 `json:"p99"`
	Buckets Times   `json:"buckets"` // bucket i ends at 4 << i microseconds; the 23rd has no end
}

// changed counts what has happened from one moment of a node to another. A counter that has gone
// back has not changed.
func changed(from, to *Node) (counters map[string]map[string]uint64, times map[string]Times) {
	counters, times = make(map[string]map[string]uint64), make(map[string]Times)
	for group, names := range to.Counters {
		counters[group] = make(map[string]uint64)
		for name, n := range names {
			if before := from.Counters[group][name]; n > before {
				counters[group][name] = n - before
			}
		}
	}
	for name, now := range to.Times {
		before := from.Times[name]
		diff := make(Times, len(now))
		for i, n := range now {
			if i < len(before) {
				n -= min(n, before[i])
			}
			diff[i] = n
		}
		times[name] = diff
	}

	return counters, times
}

// figures describes a node: last is the moment before, past the one that the window begins with.
// Both may be nil.
func figures(past, last, now *Node) Figures {
	f := Figures{Total: now.Counters}
	if last != nil && now.Age > last.Age {
		counters, _ := changed(last, now)
		f.PerSecond = make(map[string]map[string]float64, len(counters))
		for group, names := range counters {
			f.PerSecond[group] = make(map[string]float64, len(names))
			for name, n := range names {
				f.PerSecond[group][name] = float64(n) / (now.Age - last.Age).Seconds()
			}
		}
	}
	if past != nil && now.Age > past.Age {
		counters, times := changed(past, now)
		f.Window, f.Minute, f.Times = (now.Age - past.Age).Seconds(), counters, make(map[string]Summary, len(times))
		for name, t := range times {
			f.Times[name] = t.summary()
		}
	}

	return f
}

// add adds the figures of another node.
func (f *Figures) add(g *Figures) {
	f.PerSecond, f.Minute, f.Total = addAll(f.PerSecond, g.PerSecond), addAll(f.Minute, g.Minute), addAll(f.Total, g.Total)
	f.Window = max(f.Window, g.Window)
	for name, s := range g.Times {
		if f.Times == nil {
			f.Times = make(map[string]Summary)
		}
		f.Times[name] = f.Times[name].Buckets.plus(s.Buckets).summary()
	}
}

func addAll[N uint64 | float64](to, from map[string]map[string]N) map[string]map[string]N {
	for group, names := range from {
		if to == nil {
			to = make(map[string]map[string]N)
		}
		if to[group] == nil {
			to[group] = make(map[string]N)
		}
		for name, n := range names {
			to[group][name] += n
		}
	}

	return to
}

func (t Times) plus(u Times) Times {
	sum := make(Times, max(len(t), len(u)))
	copy(sum, t)
	for i, n := range u {
		sum[i] += n
	}

	return sum
}

func (t Times) summary() Summary {
	s := Summary{Buckets: t}
	for _, n := range t {
		s.Count += n
	}
	s.P50, s.P90, s.P99 = t.quantile(s.Count, 0.5), t.quantile(s.Count, 0.9), t.quantile(s.Count, 0.99)

	return s
}

// quantile estimates in microseconds what that part of the durations does not pass, as Prometheus
// does: a bucket's durations are taken to be spread evenly.
func (t Times) quantile(count uint64, part float64) float64 {
	rank := part * float64(count)
	for i, n := range t {
		if rank <= float64(n) && n > 0 {
			if i >= latency.Buckets {
				return micros(latency.Bound(latency.Buckets - 1)) // it is longer: how much, is not counted
			}
			var low float64
			if i > 0 {
				low = micros(latency.Bound(i - 1))
			}

			return low + (micros(latency.Bound(i))-low)*rank/float64(n)
		}
		rank -= float64(n)
	}

	return 0
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
