// Package bench is the load generator behind "parley bench": it starts what is to be measured,
// loads it, and reports the figures, always beside a floor that was measured in the same run.
//
//	┌────────── this process ──────────┐
//	│  users: one connection and one    │
//	│  goroutine each, no client library │
//	└──┬─────────────────────────────▲──┘
//	 A │ ping                 echo   │ B
//	┌──▼──────┐               ┌──────┴──┐
//	│ server 1│◀─── link ────▶│ server 2│     processes of their own, measured by the operating system
//	└─────────┘               └─────────┘
//
// The servers are one of these, and the load is the same for all:
//
//	floors   two bare relays: framed messages, one combined connection between them, no names, no
//	         answers. The machine's floor is one thread with epoll, read and write
//	         (loop_relay_linux.go, Linux only), and budgets are ratios to it; the Go floor has a
//	         goroutine for each connection (relay.go)
//	Parley   nodes as "parley serve" runs them, or running ones by their URLs
//	NATS     two clustered NATS servers; a user is a NATS client that subscribes to its own
//	         subject
//	competitors  running servers of other kinds: Centrifugo, MQTT, XMPP (competitor.go)
//
// # What is measured
//
//	Floor, PingPong   closed loop: each pair has one message under way. Round trips, and the
//	                  servers' CPU time a message
//	Rate              open loop: messages leave when they are due, whatever became of earlier ones
//	Connect           logins a second, and the CPU time of a login, by number of nodes
//	Idle              what an idle user costs: resident memory, a login, CPU time at rest, by
//	                  number of nodes
//	FirstMessages     the first message to a user on another node, and "user not found", by number
//	                  of nodes
//	Notice            from kill -9 of a node until the peers of its clients have the push 700, and
//	                  until messages to its users are answered with "not found"
//	Abuse             the latency of honest users while attackers are on their node, beside the same
//	                  attack on another node (abuse.go; the attacks are in abuse_attacks.go)
//	Compare           floors, Parley, NATS and competitors in turn, several rounds; medians, ratios
//	                  to the floors, budgets; and Idle, First and Notice as tables of their own
//
// What depends on the number of nodes is a sum over all nodes of the cluster: users are spread
// evenly over them, each node is a process, and what the nodes take at rest, measured before, is
// taken off the CPU time of logins. A cluster is started with all addresses chosen before, each
// node being given those of all; it is measured once /readyz of each says yes and a message gets
// from each node to each other one.
//
// Binaries names other builds of parley, measured in turn with the same generator: before and
// after, in one run.
//
// A message is request 701 of the wire protocol with an id of 0, which asks for no response; with
// Ack it has an id, and the response is read and checked. Its first 8 bytes are a time stamp. In a
// ping-pong A's message and B's echo are two messages: a round trip has two, and CPU time a message
// is that of all servers divided by all messages.
//
// Times go into HdrHistograms, a few workers to each, merged at the end: every value is kept, to
// three digits. Rate corrects for coordinated omission at the source: a message's time begins when
// it was due, not when it was sent, so that a server that stands still is charged with everything
// that should have been sent meanwhile. How late the generator itself was is reported beside it.
//
// CPU time and memory come from /proc. A load runs unmeasured first (the warm-up), and a
// measurement begins when the servers have come to rest. A single pair is measured wherever the
// system runs the processes, and pinned: all processes, the generator included, on one processor
// (pin.go).
//
// With Load.Counts a ping-pong counts context switches (/proc) and system calls (perf stat) of the
// servers for each message (counts.go, perf.go).
//
// No failure is ignored: a ping without an echo, a response that is an error, a closed
// connection, a server that ends: each ends the run with an error of one line.
//
// # Limits
//
// Generator and servers share the machine, so absolute times say as much about it as about them:
// compare ratios of one run. On other systems than Linux there are no CPU times, no memory and no
// pinning, and those columns are left out; so are CPU times and memory of nodes that run elsewhere.
// With many nodes on few processors times are those of the machine: First says when a run is bound
// by CPU. In Notice the generator reads all notices on the same processors, which is part of the
// figure.
//
// A user is a TCP connection: the limit of open files bounds them (the line that says so names it).
// Some 28,000 go from one address to one port; on Linux each 20,000 users come from a loopback
// address of their own. Running nodes and competitors are reached by TCP and WebSocket, without
// TLS, and competitors have to accept anonymous users. Resident memory is what the kernel counts
// for the process and leaves out the kernel's own socket buffers.
package bench
