// Package chaos holds Parley to its promises from the outside: it runs a cluster of real `parley serve` processes and hundreds of real
// clients that write to each other, makes everything fail that can, and compares what was sent with what came.
//
//	seed ──▶ rounds ──▶ faults: nodes killed, paused, drained, cut off; packets lost; the cluster split in halves, NATS away
//	             │  └─▶ pest: clients cut off, vanished, stalled, moved, logged in twice
//	             │                                 │
//	             ▼                                 ▼
//	          probe: does everything       person ══ client ══ tap ══ node n1, n2, n3 (processes)
//	          work again, after how long?    │                  │
//	                                         │ outcomes,        │ what was on the wire,
//	                                         │ callbacks        │ on which session, until when
//	                                         ▼                  ▼
//	                                       ledger: every message ──▶ judge ──▶ Report
//
// `make chaos` does it for ten minutes, the tests for one, in two parts. A run goes in rounds: one fault, or two on different
// nodes, perhaps with troubles of clients; then all is undone, and every user must reach two others, acknowledged and received. Faults are
// dealt like cards, so each has its turn; the seed decides about all of it. What the scheduler and the network make of
// it no seed decides: the same seed makes the same faults, not the same moments.
//
// # How it can tell
//
// Clients are those of package client, on connections that go through a tap. The tap can make the connection fail,
// and notes every frame: so the run knows on which session a message went out, on which it came in, and when a session had its
// welcome, its goodbye, its end. The callbacks of the client say what the user got. All times are of one clock.
//
//	order        numbers of one sender to one recipient grow on each session of the recipient, and from each session to the next newer.
//	             They are given out in the order in which the messages were written to the sender's connections.
//	lost         an acknowledged message that never came. There is one excuse: a session of the recipient that was there when it was
//	             acknowledged, has broken without a goodbye, and has not read anything that was sent after the acknowledgement.
//	             Then the node's operating system had the message, as promise 2 says, and nobody read it. Those are counted apart.
//	             Had the session read something later, the message would have come before it.
//	notices      a user who goes stays away until all who have a channel with it know, and were connected and well all the while.
//	not found    is wrong if the recipient had a session before the message was sent, until a second after its end, and nothing was
//	             wrong with the nodes of either.
//
//	links        a node that never had a link to another one; and NATS away for seconds, while nothing gets from one node to another.
//
// # Two kinds of clusters
//
// By default nodes embed NATS. With Options.External they use one NATS server (`parley bench nats-server`), which is stopped, killed and
// restarted empty, paused, and cut off from nodes: then open channels must go on by links, and whoever is asked for must not be taken for
// nobody. With Options.NoLinks all goes by NATS.
//
// # Network namespaces
//
// As root on Linux the nodes run in network namespaces of their own (see namespaces_linux.go), and can be cut off from each other,
// one way or both, and from clients, without a word to anybody; packet loss is made of such cuts of 20 ms, ten times a second.
// Elsewhere a run says that it skips this.
//
// # Limits
//
// Processes end with the run, in whatever way that ends: on Linux even if it is killed; namespaces of a killed run are removed
// by the next one. Elsewhere a run that is killed leaves its processes behind.
//
// Speeds are not judged, except that notices and recovery have a generous bound (Options.Within): a busy machine breaks no promise. A node that says
// in its log that it did not run for about as long as others need to take it for dead counts as one with a fault of that time.
// Clients have a heartbeat of 2 s. One run at a time: namespaces share addresses, not names, so two would do, but
// they would starve each other.
package chaos
