package httpapi

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/parley-dm/parley/internal/latency"
)

// Kind is a type of metric.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Metric is one row of a table of metrics that are read from a snapshot S of the node's counters.
type Metric[S any] struct {
	Name   string
	Kind   Kind
	Labels []string
	Help   string

	// Read adds the values of a counter or gauge, Times those of a histogram, each with the values
	// of its labels.
	Read  func(s *S, add Add)
	Times func(s *S, add AddTimes)
}

type (
	// Add adds a value of a metric, with the values of its labels.
	Add = func(value float64, labels ...string)
	// AddTimes is Add for a histogram.
	AddTimes = func(times latency.Snapshot, labels ...string)
)

// scrapeTime bounds one scrape.
const scrapeTime = 10 * time.Second

// Metrics returns the handler of /metrics: the metrics of the table, which are read when the page
// is asked for and cost nothing before, and those of the Go runtime and of the process.
func Metrics[S any](table []Metric[S], snapshot func() S) http.Handler {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(
		&collector[S]{table: table, descs: descriptions(table), snapshot: snapshot},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)

	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{Timeout: scrapeTime, MaxRequestsInFlight: maxScrapes})
}

// maxScrapes bounds the scrapes at a time.
const maxScrapes = 4

func descriptions[S any](table []Metric[S]) []*prometheus.Desc {
	descs := make([]*prometheus.Desc, len(table))
	for i, m := range table {
		descs[i] = prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
	}

	return descs
}

// collector reads the table.
type collector[S any] struct {
	table    []Metric[S]
	descs    []*prometheus.Desc
	snapshot func() S
}

// Describe implements prometheus.Collector.
func (c *collector[S]) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector[S]) Collect(out chan<- prometheus.Metric) {
	s := c.snapshot()
	for i, m := range c.table {
		desc := c.descs[i]
		switch m.Kind {
		case Histogram:
			m.Times(&s, func(times latency.Snapshot, labels ...string) { out <- histogram(desc, times, labels) })
		case Counter, Gauge:
			kind := prometheus.GaugeValue
			if m.Kind == Counter {
				kind = prometheus.CounterValue
			}
			m.Read(&s, func(value float64, labels ...string) {
				out <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
			})
		}
	}
}

func histogram(desc *prometheus.Desc, times latency.Snapshot, labels []string) prometheus.Metric {
	var below uint64
	buckets := make(map[float64]uint64, latency.Buckets)
	for i := range latency.Buckets {
		below += times.Counts[i]
		buckets[latency.Bound(i).Seconds()] = below
	}

	return prometheus.MustNewConstHistogram(desc, times.Count(), times.Sum.Seconds(), buckets, labels...)
}
