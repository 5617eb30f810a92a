package metrics

import (
	"fmt"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/latency"
)

// Row is a metric.
type Row = httpapi.Metric[Readings]

// The functions of this file make rows.

type number interface{ ~int | ~int64 | ~uint64 }

// value is a metric without labels.
func value[P any, N number](kind httpapi.Kind, of part[P], name, help string, read func(*P) N) Row {
	return Row{Name: name, Kind: kind, Help: help, Read: func(r *Readings, add httpapi.Add) {
		if p := of(r); p != nil {
			add(float64(read(p)))
		}
	}}
}

func gauge[P any, N number](of part[P], name, help string, read func(*P) N) Row {
	return value(httpapi.Gauge, of, name, help, read)
}

func counter[P any, N number](of part[P], name, help string, read func(*P) N) Row {
	return value(httpapi.Counter, of, name, help, read)
}

// flag is a gauge that is 1 or 0.
func flag[P any](of part[P], name, help string, read func(*P) bool) Row {
	return gauge(of, name, help, func(p *P) int {
		if read(p) {
			return 1
		}

		return 0
	})
}

// byLabel is a metric with a value for each value of one label.
func byLabel[P any, N number](kind httpapi.Kind, of part[P], name, label, help string, read func(*P) map[string]N) Row {
	return Row{Name: name, Kind: kind, Labels: []string{label}, Help: help, Read: func(r *Readings, add httpapi.Add) {
		if p := of(r); p != nil {
			for value, n := range read(p) {
				add(float64(n), value)
			}
		}
	}}
}

func gauges[P any, N number](of part[P], name, label, help string, read func(*P) map[string]N) Row {
	return byLabel(httpapi.Gauge, of, name, label, help, read)
}

func counters[P any, N number](of part[P], name, label, help string, read func(*P) map[string]N) Row {
	return byLabel(httpapi.Counter, of, name, label, help, read)
}

// times is a histogram.
func times[P any](of part[P], name, help string, read func(*P) latency.Snapshot) Row {
	return Row{Name: name, Kind: httpapi.Histogram, Help: help, Times: func(r *Readings, add httpapi.AddTimes) {
		if p := of(r); p != nil {
			add(read(p))
		}
	}}
}

// inOut are the values of a label for the two directions.
func inOut[N number](in, out N) map[string]N { return map[string]N{"in": in, "out": out} }

// named has the keys' names for keys.
func named[K interface {
	comparable
	fmt.Stringer
}, N number](values map[K]N) map[string]N {
	all := make(map[string]N, len(values))
	for k, n := range values {
		all[k.String()] = n
	}

	return all
}
