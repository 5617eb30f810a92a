package parley

import (
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/link"
)

// The functions of this file make rows of the table.

func gauge(name, help string, read func(r *readings) float64) metric {
	return metric{Name: name, Kind: httpapi.Gauge, Help: help, Read: func(r *readings, add add) { add(read(r)) }}
}

func count(name, help string, read func(r *readings) uint64) metric {
	return metric{Name: name, Kind: httpapi.Counter, Help: help, Read: func(r *readings, add add) { add(float64(read(r))) }}
}

func times(name, help string, read func(r *readings) latency.Snapshot) metric {
	return metric{Name: name, Kind: httpapi.Histogram, Help: help, Times: read}
}

func perGateway(name string, kind httpapi.Kind, help string, read func(g *gateway.Stats) float64) metric {
	return metric{Name: name, Kind: kind, Help: help, Read: ofGateway(func(g *gateway.Stats, add add) { add(read(g)) })}
}

func perDirectory(name string, kind httpapi.Kind, help string, read func(d *directory.Stats) float64) metric {
	return metric{Name: name, Kind: kind, Help: help, Read: ofDirectory(func(d *directory.Stats, add add) { add(read(d)) })}
}

func perLinks(name string, kind httpapi.Kind, help string, read func(l *link.Stats) float64) metric {
	return metric{Name: name, Kind: kind, Help: help, Read: ofLinks(func(l *link.Stats, add add) { add(read(l)) })}
}

// The parts of a node that has not joined yet have no values.

func ofGateway(read func(g *gateway.Stats, add add)) func(*readings, add) {
	return func(r *readings, add add) {
		if r.gateway != nil {
			read(r.gateway, add)
		}
	}
}

func ofDirectory(read func(d *directory.Stats, add add)) func(*readings, add) {
	return func(r *readings, add add) {
		if r.directory != nil {
			read(r.directory, add)
		}
	}
}

func ofLinks(read func(l *link.Stats, add add)) func(*readings, add) {
	return func(r *readings, add add) {
		if r.links != nil {
			read(r.links, add)
		}
	}
}

func each[N int64 | uint64](values map[string]N, add add) {
	for label, n := range values {
		add(float64(n), label)
	}
}

func inOut[N int64 | uint64](add add, in, out N) {
	add(float64(in), "in")
	add(float64(out), "out")
}
