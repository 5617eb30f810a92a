// Package runtime runs the sessions of package core: it gives each its lock, its timers, its queues
// of callbacks, and performs its effects.
//
//	Send, packets, lookups, timers ──▶ lock ──▶ core.Session ──▶ effects ──▶ unlock ──▶ performed, in order
//	                                                │ taken
//	                                                ▼
//	                                   inbox: callbacks, push ──▶ Pushed ──▶ answer
//
// # The path of a message
//
// The sender's lock is taken twice to queue a message and twice for the answer: for the event, and
// at the end of its effects. The recipient's is taken once where no callback is set; with callbacks
// once more, when those of SetOnReceiveMessage have returned. Nothing else of a session is locked,
// and no lock of a session is held while effects are performed, callbacks run or a client is
// written to.
//
// # Locks
//
// Lock order: a session's mu before sweep.mu, and before the locks of the maps. No goroutine holds
// the mu of two sessions.
//
// # Limits
//
// They stand in limits.go. A sweep of all sessions once a second drops idle channels; deadlines are
// looked at every 50 ms, only where something waits.
package runtime
