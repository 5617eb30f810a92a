// Package client is the Go client of Parley: it logs a user in and sends messages to other users by
// their user IDs, on whichever node of the cluster they are connected.
//
//	c, err := client.Dial(ctx, "tcp://127.0.0.1:7200",
//		client.WithToken(token),
//		client.OnMessage(func(m client.Message) { fmt.Printf("%s: %s\n", m.From, m.Body) }),
//	)
//	...
//	receipt, err := c.Send(ctx, "bob", []byte("hello"))
//
// # Addresses
//
// [Dial] takes one URL, or several with commas between them: tcp://, tls://, ws:// or wss://, one
// for each node. Dial tries them in the order given. When a connection breaks, its address is bad
// for 30 s: the client tries the other addresses at once, in random order, so that the clients of a
// dead node spread over the others. With every address bad, a jittered back-off ([WithBackoff])
// comes before each round of attempts. [Client.URL] is the address in use.
//
// A scheme that does not fit its port ends Dial with a [*SchemeError], which names the URL that
// does.
//
// # Messages
//
// [Client.Send] ends in a receipt or an error. The receipt tells what became of a message that had
// no error:
//
//	Delivered    the recipient's node handed it to the operating system for the recipient's connection
//	Declined     the program of the recipient's node refused it
//	Dropped      the program of the recipient's node emptied it
//
// The error tells whether the message can have arrived:
//
//	*Error                  the server's answer, with a code: errors.Is(err, ErrUserNotFound), [CodeOf]; ErrTimeout: unknown
//	ErrNotConnected         not sent, certainly: there was no connection until ctx ended, or the client is closed
//	ErrQueueFull            not sent, certainly: there was no room until ctx ended
//	ErrConnectionLost       sent, outcome unknown: the connection broke
//	the context's error     perhaps sent, outcome unknown: ctx ended; the connection goes on
//	ErrClosed               perhaps sent, outcome unknown: Close was called meanwhile (with ErrNotConnected: before, not sent)
//
// An ErrNotConnected wraps its cause as well, a context's error above all: test for ErrNotConnected
// first. An ErrConnectionLost wraps the [*GoodbyeError] of a server that ended the connection.
//
// While there is no connection, requests wait for the next one until their ctx ends.
// [Client.Request] runs any command of the server's program; [Client.Post] runs one without a
// response.
//
// # Lost connections
//
// The client replaces a connection that breaks, is silent for two heartbeats, or ends with a
// goodbye of 1000 to 1999. A stopping server (1001) may say when to reconnect: the client keeps to
// it, and then prefers another address. Each login asks [WithTokenSource] for a token. [OnState]
// tells of lost and new connections, [WithLogger] logs the reasons.
//
// Any other goodbye is final, whatever the address: [Client.Done] is closed and [Client.Err] is a
// [*GoodbyeError]. Common ones are 2001, the token is not accepted, and 2002, replaced: the same
// user has logged in elsewhere, and a reconnect would end that newer session. [Dial] does not
// repeat its attempts.
//
// # Tokens
//
// A session ends when its token does (goodbye 2001, after a grace time of the server). A client
// with [WithTokenSource] asks for another token when 70 to 90 % of that time are over, and sends
// it; if that fails it tries again, with growing pauses, until the session ends. [WithLogger] logs
// failures.
//
// # Callbacks
//
// Callbacks run one at a time, in the order of arrival, on a goroutine of their own. A callback may
// send, wait for the answer, and close the client; a slow callback delays the next one, nothing
// else. A callback owns the bytes that it is given.
//
// # Inside
//
//	Send, Request, Post                                 OnMessage, OnPush, ...
//	        │                                                    ▲
//	        ▼                                                    │  one goroutine
//	 pendingRequests  ◀── responses ────┐                  callbackQueue
//	        │                           │                        ▲
//	        ▼                        reader ────── pushes ───────┘
//	 outbox: writes combined            ▲
//	        │                           │
//	        └───────▶ TCP, TLS or WebSocket ◀── heartbeat
//
// A client has one connection after another. Each has its own reader, pendingRequests, outbox and
// heartbeat; the callbackQueue and the callbacks stay. The caller of Send writes its frame if no
// write is under way; frames that come during a write go out together.
//
// # Limits
//
// Messages that arrive while callbacks are behind wait in memory: up to 8 MiB ([WithBacklog]).
// Beyond that the client stops reading, the server's queue for it fills up, and senders are told
// that it is busy; if this lasts for two heartbeats the server says goodbye 1003, and the client
// reconnects. While one of its own requests waits, the client reads on in search of the response,
// up to four times the bound; then it drops the connection (ErrBacklog), and messages that the
// server had not sent yet fail at their senders.
//
// A message is handed over at most once. One that was on its way to this client when its connection
// broke is not sent again; its sender may have been told that it was delivered, which says that the
// operating system of the node had it. [Client.Post] is lost with the connection. A request in the
// outbox of a connection that breaks counts as sent.
//
// An attempt to connect takes at most 15 s, with several addresses 5 s. [Client.Close] takes up to
// 5 s for a server that does not read, and up to 1 s for one that does not close.
//
// Outgoing frames wait in 1 MiB of memory; with that full, requests wait for room. A goodbye can
// ask for at most one hour of absence. WebSocket connections use the proxy of the environment
// (HTTP_PROXY and so on), others none: see [WithDialer]. On Windows, and over TLS and WebSocket, a
// frame is written by a goroutine of the connection instead of its sender, which costs some
// microseconds.
package client
