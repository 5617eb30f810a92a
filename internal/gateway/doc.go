// Package gateway holds the connections of clients: connections in, sessions out.
//
// It listens (TCP, TLS, WebSocket), reads the hello, has the token checked and the login admitted
// by the node, and sends the welcome. From then on it dispatches the client's requests to a
// command.Router and writes pushes and responses to the client. It watches heartbeats, bounds every
// queue, and closes with a goodbye whose code tells the client what to do next.
//
//	 accept ─▶ session (reader) ─ hello ─▶ Verifier ─▶ Host.Admit ─▶ welcome
//	              │                                        ▲ login announced before it is answered
//	              ├─ request ─▶ command.Router.Dispatch ─▶ handlers
//	              └─ the end ─▶ Host.Leave, once
//
//	user.Push ─▶ outbox ─▶ writer ─▶ socket ─▶ Done.Pushed
//	                         └─ not all accepted ─▶ a goroutine that waits
//
//	 sweeper: one timer for all ─▶ pings, silence
//
// # Use
//
//	gw := gateway.New(cfg, key, users, router, host)
//	go gw.Serve(listener)                 // any number of listeners
//	mux.Handle("/ws", gw.WebSocket())
//	...
//	err := gw.Drain(ctx)                  // or Close
//
// A [Host] admits users, and is told when they have left. A session is the sessions.Conn of its
// user: other packages push to it, answer it and close it through package user.
//
// [Gateway.PauseClients] and [Gateway.ResumeClients] enclose the time in which the node must ask
// its cluster before it handles clients; [Gateway.DisconnectAll] ends the sessions of a node that
// stays up. [PortFree] checks a client port that is to be opened later.
//
// # Where to look
//
// Sessions and their phases: session.go. Login: login.go. Closing: close.go. Reading and parsing
// frames (with package wire): read.go, and loop.go where a loop watches the connection; fair
// shares: budget.go and hold.go. The connection and its buffer are package netio's. Writing:
// send.go and write.go, with outbox.go for the queue. Heartbeats: sweep.go. Pausing clients:
// pause.go. WebSocket: websocket.go for the framing, upgrade.go and websocket_head.go for the
// handshake. Counters: counters.go. Before the login: door.go for what an address can hold,
// visitor.go for a connection at the door, guard.go for those of an HTTP server, tls_slots.go and
// slot.go for TLS, proxy.go for trusted proxies, turn.go and userlogins.go for logins that wait,
// denial.go for refusals. The end of a session with its token: token.go. What the log says of
// sessions: log.go.
//
// # What a client costs
//
// On Linux an open session without TLS is watched (loop.go): it has no goroutine, no buffer, no
// timer and no writer, and is not in the runtime's poller. A few loops (Config.Loops, package
// netio) watch all connections. The loop's goroutine reads a connection with one call for all that
// has arrived, and handles it. The program's own handlers, and all that may block, run on
// goroutines made for them. If a loop is blocked all the same, for 10 ms, another goroutine takes
// it over.
//
// Elsewhere, and with TLS, each session keeps a goroutine, which waits for the next frame.
//
// Measured on linux/amd64 by TestAnIdleConnectionHoldsLittleMemory, user and registry included:
// 0.84 KB of heap and no stack, of which 0.4 KB are the session. A goroutine adds 2.9 KB; TLS adds
// some 15 KB, because crypto/tls keeps its buffers.
//
// A frame in steady state allocates nothing: not from the read to Dispatch, not from Push to the
// write. Buffers are pooled, and those over 128 KiB do not return to the pool.
//
// # A slow client
//
// No goroutine blocks on a slow client, except its own. What the client does not take is queued up
// to QueueBytes and QueueFrames; beyond that a push gets sessions.ErrBusy. Every frame's outcome is
// reported: Done.Pushed gets nil once the operating system has the frame's last byte, and
// sessions.ErrClosed for all that was still queued when the session ended.
//
// While its queue is over half full, and until a quarter is left, a client is not read from: it
// gets no further responses to queue. If responses still fill twice the bounds, the client gets
// goodbye 1003, because a response cannot be left out. One that takes nothing at all for two
// heartbeats gets the same, and loses what is queued.
//
// # Limits
//
//   - Before its hello a connection has HelloTimeout (5 s), from its accept on: a TLS connection is
//     accepted when there is a processor for its signature within a second or so. At most MaxPending
//     (8192) connections are not logged in, those included that linger after a refusal and those of
//     HTTP; of one address AddressPending. More are closed at once, a WebSocket handshake gets status
//     503. A hello has at most 8 KiB, and an unfinished one holds what has come of it, rounded up to
//     1 KiB. A login has ten seconds to be admitted, unless the host refuses it earlier, then goodbye
//     1001 with a time to come back that is spread at random.
//   - Limits by address are for each node alone, and forget an address without connections once its
//     logins are paid for. Of IPv6, 64 bits are an address.
//   - A session ends with its token up to an eighth of a heartbeat late.
//   - A frame is at most MaxMessage + 1024 bytes; so is a WebSocket message of any number of
//     fragments. A longer one is refused when its length is read.
//   - A session in the middle of a frame holds what has come of it: 1 KiB, then 16 KiB, then as
//     much as the longest frame needs. A pushed-to client that does not read holds at most
//     QueueBytes (1 MiB) and QueueFrames (4096), twice that with responses, and 64 KiB of unused
//     room.
//   - PauseClients does not wait for frames that are being handled. During a pause, each connection
//     keeps the bytes of at most one read in memory, and ends of connections are noticed by writes
//     only.
//   - Silence is noticed between 2 and 2¼ heartbeats; pings are sent after 1¼ heartbeats without
//     anything sent or heard. A client whose handler runs is not read from, so it does not count as
//     silent.
//   - Closing takes at most two seconds: until then what was queued before the goodbye is written
//     and the client may close; then the connection is aborted. Over TLS a client that took nothing
//     for two heartbeats is aborted without a goodbye.
//   - Host.Leave waits for a handler that is running for half a second. A handler that never
//     returns keeps its goroutine: Drain and Close then return ErrStuck, five seconds after all
//     connections are closed.
//   - While a handler runs on the reader, the connection is not read, so its loss is noticed only
//     by a write or when the handler returns.
//   - Done.Pushed runs on the goroutine that writes, which may be the sweeper's: it must not block.
//   - Without Config.Origins a page may connect to the host of its own origin, whatever name that is.
//     WebSocket needs HTTP/1.1.
//   - Without TLS, on Unix, sockets are read and written without waiting. Elsewhere, and with TLS,
//     a frame out wakes a goroutine.
//   - QUIC is not supported yet: it will be another way to make a session, with a transport of its
//     own.
package gateway
