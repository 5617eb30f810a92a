// Package latency counts how long things take, in buckets whose bounds double. Observing costs two
// atomic additions and no allocation, so that it may be done for each lookup or callback.
//
// # Limits
//
// The bounds are fixed, from 4 µs to 8.4 s: a quantile is known to a factor of two. A snapshot is
// not of one moment.
package latency
