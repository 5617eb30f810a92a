// Package chat is a conversation on a terminal: what `parley chat` shows.
//
//	client ─▶ Conversation ── Events ──▶ Screen  (a terminal: history, the peer, state, errors in line)
//	   ▲           │                 └─▶ Lines   (anything else: a line in is a message, a message in is a line)
//	   └─ outbox ◀─┴── Post ◀── typed
//
// A [Conversation] owns the client and one goroutine that sends what is posted, in order, and
// reports each outcome as an [Event]. The two front ends only show events and post what is typed.
// What others have written is shown through [Readable]: control characters and bytes that are no
// text never reach the terminal as such.
//
// [Explain] turns the errors of the client into one sentence for a human, with what to do about it.
//
// # Limits
//
// The history is what has passed since the start, at most 2000 entries: nothing is stored. Lines
// cannot take a read of its input back: when it is stopped by its context, the goroutine that reads
// ends with the next line, or with the input.
package chat
