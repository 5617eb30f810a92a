//go:build !race

package testkit

// Race tells that the race detector is on: it takes time and memory, and allocates.
const Race = false
