// Package memnet is a network in memory, for tests: hosts that listen and dial, with delays, cuts,
// resets, crashes and frozen processes.
//
//	net := memnet.New(memnet.Options{Delay: func(from, to string) time.Duration { return time.Millisecond }})
//	a, b := net.Host("a"), net.Host("b")   // each is a link.Network, and has the Gate for link.Config
//	net.Cut("a", "b")                      // nothing passes; the connections stand
//	net.Heal("a", "b")                     // what was sent meanwhile passes
//
// Host.Listen gives addresses "name:port". Everything works in the virtual time of
// testing/synctest: goroutines block on channels and timers only.
//
// # Faults
//
//	Cut, CutOneWay, Heal   data, resets and dials wait until healed, in order, as TCP retransmits
//	Break                  all connections between two hosts are reset at once; dials work
//	Crash                  a host's connections are reset and its listeners closed: dials are refused
//	Freeze, Thaw           a stopped process: reads and accepts do not return, Gate and dials block;
//	                       its system goes on to accept connections and to take data
//
// # Limits
//
// Writing never blocks: connections buffer without bound. Dials take the delay both ways; the delay
// of a byte is asked for when it is written. A crashed host's goroutines are not ended: a test
// closes what ran there, and asks Net.Host for a new host of that name.
package memnet
