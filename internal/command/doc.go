// Package command leads a client's commands to their handlers.
//
// A [Router] maps (ver, cmd) to handlers. The handlers of one command run in the order in which they were set; each hands on with
// next. One user's commands run one after another, in the order in which they came; different users' run side by side.
//
//	session's reader ── Dispatch(line, request) ──▶ built-in, or handler ─next─▶ handler ─next─▶ done
//	                        │ a handler has kept next for later
//	                        └──▶ queue of the line (bounded) ── runs when next is called
//
// A handler runs on the goroutine of its user's connection. While it runs, nothing more is read from that client: a slow handler
// slows its own user. A handler may return and call next later, from anywhere: then the connection goes on reading, and the user's
// further commands wait in the line's queue.
//
// # Limits
//
// A line queues at most 128 commands behind one whose handler has not called next; further ones are answered with 5007.
// A handler that never calls next blocks its user's commands until the session ends.
package command
