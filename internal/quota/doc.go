// Package quota bounds the memory that all queues of a node hold together.
//
// A [Pool] is that memory; each queue has a [Share] of it. What is free decides how much one queue
// may hold: an eighth of it. So while there is plenty, only a queue's own bound counts; as it gets
// scarce, the largest holders are refused first, and small queues still find room.
//
//	queue ── Allows(held+n)? ──▶ Pool        a load
//	      ── Settle(&share, held) ─▶         an addition, once in 16 KiB
//
// # Limits
//
// What a queue holds up to 16 KiB is not counted and always allowed, so that ordinary queues touch
// no memory that processors share. A pool can be exceeded by that for each queue.
package quota
