// Package client is the Go client of Parley: it logs a user in and sends messages to other users by their
// IDs, wherever in the cluster they are.
//
//	c, err := client.Dial(ctx, "tcp://127.0.0.1:7200",
//		client.WithToken(token),
//		client.OnMessage(func(from string, msg []byte) { fmt.Printf("%s: %s\n", from, msg) }),
//	)
//	...
//	err = c.Send(ctx, "bob", []byte("hello"))
//
// # Inside
//
//	Send, Request, Post                                 OnMessage, OnPush, ...
//	        │                                                    ▲
//	        ▼                                                    │  one goroutine
//	 calls: who waits ◀─── responses ───┐                  inbox: what waits
//	        │                           │                        ▲
//	        ▼                        reader ────── pushes ───────┘
//	 outbox: writes combined            ▲
//	        │                           │
//	        └───────▶ TCP, TLS or WebSocket ◀── heartbeat
//
// A client has one connection after another. Each brings its own reader, calls, outbox and heartbeat; the inbox and the callbacks
// stay. A frame is written by whoever sends it if nobody is writing; frames that come meanwhile go out together.
//
// # Requests
//
// [Client.Send] returns nil when the recipient's node has handed the message to the recipient's connection (or a
// callback of that node's program declined it). Every other outcome is an error, never silence:
//
//	the server's answer         *Error with a code; errors.Is(err, ErrUserNotFound) and so on
//	the connection broke        ErrConnectionLost: sent, outcome unknown
//	ctx ended                   the context's error: perhaps sent, outcome unknown; the connection goes on
//	Close was called            ErrClosed
//	the server sent us away     *GoodbyeError
//
// While there is no connection, requests wait for the next one until their ctx ends. [Client.Request] runs any command of the
// server's program, [Client.Post] runs one without waiting for anything.
//
// # Lost connections
//
// A connection that breaks, falls silent for two heartbeats, or ends with a goodbye of 1000 to 1999 is replaced,
// after pauses that grow and are jittered ([WithBackoff]), or exactly when a stopping server asked for. Each login asks
// [WithTokenSource] for a token. [OnState] tells of all this, [WithLogger] writes the reasons down.
//
// Any other goodbye is final: [Client.Done] is closed and [Client.Err] is a [*GoodbyeError]. The one to expect is 2002,
// replaced: the same user has logged in elsewhere, and coming back would throw that one out. [Dial] itself does not
// repeat: its error is for whoever called it.
//
// # Callbacks
//
// They run one at a time, in the order of arrival, on a goroutine that does nothing else. So a callback may send,
// wait for the answer, and close the client; and one that takes long delays the next, nothing else.
//
// # Limits
//
// Messages that arrive while callbacks are behind wait in memory: up to 8 MiB ([WithBacklog]). Beyond that the client stops
// reading, the server's queue for it fills up, and senders are told that it is busy; if this lasts for two heartbeats the
// server says goodbye 1003, and the client comes back. While one of its own requests waits, the client
// reads on in search of the response, up to four times the bound; then it drops the connection (ErrBacklog), and
// messages that the server had not sent yet fail at their senders.
//
// A message is handed over at most once. One that was on its way to this client when its connection broke is not
// sent again; its sender may have been told that it was delivered, which says that the operating system of the node had it.
// [Client.Post] is lost with the connection.
//
// [Client.Close] takes up to 5 s for a server that does not read, and up to 1 s for one that does not close.
//
// Outgoing frames wait in 1 MiB of memory; with that full, requests wait for room. A goodbye can ask for at most one
// hour of absence. WebSocket connections use the proxy of the environment (HTTP_PROXY and so on), others none:
// see [WithDialer]. On Windows, and over TLS and WebSocket, a frame is written by a goroutine of the connection instead of its
// sender, which costs some microseconds.
package client
