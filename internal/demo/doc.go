// Package demo is the tour that `parley demo` gives: a cluster of three nodes, and what happens
// between users on different nodes.
//
//	Run ──▶ nodes: n1, n2 in this process, n3 in a child process   ──▶ tour: one step after the other, each with what it took
//	        users: alice on n1, carol on n2, bob on n3, ...         └▶ stay: the users answer every message, until ctx ends
//
// The nodes are ordinary ones (parley.New; the child process runs `parley serve`), the users are
// ordinary clients over TCP and WebSocket, and every figure was measured in the moment before. n3
// is a process of its own because the tour kills it: the operating system closes its listeners,
// links and connections, as with kill -9.
//
// # Limits
//
// All nodes share one machine: figures say how the parts work together, not what a machine can
// carry. On systems other than Linux the child process outlives a demo that is itself killed by
// kill -9.
package demo
