// Package node names things in a cluster: a node ([ID]), a session on it ([SID], [Place]) and a
// moment ([Stamp], given by a [Clock]). It imports nothing of Parley and does no I/O.
//
// # Limits
//
// An ID is as unique as 64 random bits, a SID as 128.
package node
