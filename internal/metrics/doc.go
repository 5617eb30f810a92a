// Package metrics is the table of a node's metrics: what each is called, what it means, and how it
// is read from the counters of the node's parts. Begin at [Table]; docs/metrics.md is made of it.
//
//	parley.Server ── Readings: the parts' counters ──▶ Table ──▶ httpapi: /metrics
//
// Counters are read when the page is asked for: what is not scraped costs nothing. The functions
// that make rows are in row.go. Each takes a part of a node, which may not be there yet: then its
// metrics have no values.
package metrics
