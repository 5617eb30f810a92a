package testkit

import "runtime"

// Heap is what is reachable in this process, in bytes.
func Heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	runtime.ReadMemStats(&m)

	return int(m.HeapAlloc)
}
