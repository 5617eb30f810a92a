// Package command leads a client's commands to their handlers.
//
// A [Router] maps (ver, cmd) to handlers. The handlers of one command run in the order in which
// they were set; each calls next to let the following one run. The commands of one user run one
// after another, in the order in which they came; those of different users run side by side.
//
//	connection's reader ── Dispatch(queue, request) ──▶ built-in, or handler ─next─▶ handler ─next─▶ done
//	                          │ the command before is not done
//	                          └──▶ UserQueue (bounded) ── runs when that one is done
//
// A handler runs on the goroutine of its user's connection. Nothing is read from that client
// meanwhile: a slow handler slows its own user. A handler may return first and call next later,
// from any goroutine: then the connection is read on, and the user's further commands wait in the
// queue.
//
// # One response
//
// A request with an id gets exactly one response. A handler gives it with User.ServerRespond. At
// the end of the command the engine gives what is missing: status 1 without data after next(nil),
// 5008 with the error's text after next(err), or the code of the *wire.Error that err is or wraps,
// 5008 after a panic, and 5008 when a handler has returned and does not call next within the
// reliable timeout. That is logged once for each (ver, cmd); then the user's next command runs.
//
// # Limits
//
// A [UserQueue] holds at most 128 commands behind one that is not done: the client is not read from
// then, until 64 are left. A handler that never returns blocks its own user until the session ends.
package command
