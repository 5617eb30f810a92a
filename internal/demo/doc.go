// Package demo is the tour that `parley demo` gives: a whole cluster in one process, and what happens between users on different nodes.
//
//	Run ──▶ nodes: n1, n2, n3, joined over loopback       ──▶ tour: one step after the other, each told with what it took
//	        people: alice on n1, carol on n2, bob on n3        └▶ stay: the people answer whoever writes to them, until ctx ends
//
// The nodes are ordinary ones (parley.New), the people are ordinary clients over TCP and WebSocket, and every figure that is told was
// measured in the moment before. So the tour is also the shortest complete test of a cluster.
//
// # Limits
//
// All three nodes share one process and its memory: figures say how the parts work together, not what a machine can carry.
package demo
