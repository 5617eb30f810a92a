// Package overview makes one picture of a cluster out of what each of its nodes says of itself. The
// dashboard draws it.
//
//	each node: counters, History ─▶ Node ──packet──▶ Board.Update ─▶ Picture ─▶ Watch ─▶ watchers
//
// [Node] is what a node says of itself: counters since its start, its links, and the changes of its
// view, which [History] keeps. [Board] turns the nodes' answers of one round into a [Picture]:
// rates and percentiles, the state of each node, and one timeline. It is pure: no I/O, no
// goroutine, no clock. [Watch] runs a round each second, as long as there is a watcher; else
// nothing runs.
//
// # Limits
//
// Rates are those of the last second, percentiles and sums those of the last minute. Moments are
// those of the clocks of the nodes that tell of them. A History keeps the last 100 changes of a
// view, a Picture 100 changes, 16 nodes that have left, and 600 links, those in trouble first.
package overview
