// Package bench is the load generator behind "parley bench": it starts what is to be measured, loads it, and reports what came
// of it, always beside a floor that was measured in the same run.
//
//	┌────────── this process ──────────┐
//	│  users: one connection and one    │
//	│  goroutine each, no client library │
//	└──┬─────────────────────────────▲──┘
//	 A │ ping                 echo   │ B
//	┌──▼──────┐               ┌──────┴──┐
//	│ server 1│◀─── mesh ────▶│ server 2│     processes of their own, measured by the operating system
//	└─────────┘               └─────────┘
//
// The servers are one of these, and the load is the same for all:
//
//	floor    two bare relays (relay.go): framed messages, one combined connection between them, no names, no answers
//	Parley   nodes as "parley serve" runs them, or running ones by their URLs
//	NATS     two clustered NATS servers; a user is a NATS client that subscribes to its own subject
//	peers    servers of other kinds that somebody runs already: Centrifugo, MQTT, XMPP (peer.go)
//
// # What is measured
//
//	Floor, PingPong   closed loop: each pair has one message under way. Round trips, and the servers' CPU time a message
//	Rate              open loop: messages leave when they are due, whatever became of earlier ones
//	Connect           logins a second
//	Idle              resident memory of a user who does nothing
//	First             the first message to a user on another node, and "user not found", by number of nodes
//	Compare           floor, Parley, NATS and peers in turn, several rounds; medians, ratios to the floor, budgets
//
// A message is request 701 of the wire protocol with an id of 0, which asks for no response; with Ack it has an id, and the
// response is read and checked. Its first 8 bytes are a time stamp. In a ping-pong A's message and B's echo are two
// messages: a round trip has two, and CPU time a message is that of all servers divided by all messages.
//
// Times go into HdrHistograms, a few workers to each, merged at the end: every value is kept, to three digits. Rate corrects for coordinated
// omission at the source: a message's time begins when it was due, not when it was sent, so that a server that stands still is charged
// with everything that should have been sent meanwhile. How late the generator itself was is reported beside it.
//
// CPU time and memory come from /proc. A load runs unmeasured first (the warm-up), and a measurement begins when the servers have
// come to rest. No process is pinned to a core.
//
// Nothing is lost in silence: a ping without an echo, a response that is an error, a closed connection, a server that ends: each
// ends the run with a line that says so.
//
// # Limits
//
// Generator and servers share the machine, so absolute times say as much about it as about them: compare ratios of one
// run. CPU time has a resolution of 10 ms for a whole process: measure for seconds. On other systems than Linux
// there are no CPU times and no memory, and those columns are left out; so they are with nodes that run elsewhere.
//
// A user is a TCP connection: the limit of open files bounds them (the line that says so names it), and some 28,000 go from one
// address to one port. Running nodes and peers are reached by TCP and WebSocket, without TLS, and peers have to let anonymous users in.
// Resident memory is what the kernel counts for the process and leaves out the kernel's own socket buffers.
package bench
