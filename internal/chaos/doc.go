// Package chaos holds Parley to its promises from the outside: it runs a cluster of real
// `parley serve` processes and hundreds of real clients that write to each other, makes everything
// fail that can, and compares what was sent with what came.
//
//	seed ──▶ rounds ──▶ faults: processes killed, paused, replaced, drained; packets lost, ways cut,
//	             │      │         connections broken; strangers' and recorded bytes
//	             │      └─▶ nemesis: clients cut off, vanished, stalled, moved, logged in twice
//	             ▼                                     │
//	          probe: does everything         user ══ client ══ recordingConn ══ node n1, n2, n3 (processes)
//	          work again, after how long?      │                  │                     ║
//	                                           │ outcomes,        │ frames, sessions    ╚══ fabric: every packet
//	                                           ▼ callbacks        ▼                            ▼ recording
//	                                       history: every message ──▶ checker ──▶ Report ◀── what was in clear
//
// `make chaos` does it for ten minutes, the test for one, with the most telling faults. Before a
// run six nodes start together, again and again, and join by one DNS name. A run goes in rounds:
// one fault, or two on different nodes, perhaps with troubles of clients; then all is undone, every
// user must reach two others, acknowledged and received, and every node must be ready. Faults are
// dealt like cards, so each has its turn; the seed decides about all of it. What the scheduler and
// the network make of it no seed decides: the same seed makes the same faults, not the same
// moments.
//
// # The network
//
// Where the system allows it, each node lives in a network namespace of its own, whose only device
// is a TUN device: the run itself carries every packet. So it can lose packets of a way, all of
// them or those of gossip or of links alone (a link's first byte is TLS's); reset connections in
// the middle of a segment, or change a byte of it; send packets under the address of a member, and
// recorded ones again; and search what crosses between nodes. To the nodes it is a real network: a
// killed process resets its connections, its port refuses. Nothing is left of a run that is killed.
//
// That needs Linux, /dev/net/tun, and root or user namespaces (see Rootless). Elsewhere nodes
// listen on the loopback interface, and the report says which faults were skipped.
//
// # How it can tell
//
// Clients are those of package client. Their connections note every frame, and can be made to fail:
// so the run knows on which session a message went out, on which it came in, and when a session had
// its welcome, its goodbye, its end. Callbacks of the client say what the user got. All times are
// of one clock.
//
//	order        numbers of one sender to one recipient grow on each session of the recipient, and from
//	             each session to the next newer. They are given out in the order in which the messages
//	             were written to the sender's connections.
//	lost         an acknowledged message that never came. There is one excuse: a session of the
//	             recipient that was there when it was acknowledged, has broken without a goodbye, and has
//	             not read anything that was sent after the acknowledgement. Then the node's operating
//	             system had the message, as promise 2 says, and it stayed unread. Those are counted
//	             apart. Had the session read something later, the message would have come before it.
//	notices      a user who goes stays away until all peers with a channel know that were connected and
//	             well all the while. After a killed process within 250 ms, after a machine that
//	             vanished within 2 s, if nothing else is wrong.
//	not found    is wrong if the recipient had a session before the message was sent, until a second
//	             after its end, and nothing was wrong with the nodes of either.
//	failed       while gossip alone is cut, connections of links are broken, or strangers attack, a
//	             message between users that stay has one right outcome: delivered.
//	stepped out  of two nodes without a link that a third one sees, exactly one is not ready.
//	in clear     user IDs, message texts, the cluster's secret and the signing key are searched for in
//	             all that crosses between nodes, and in all that strangers are told. The same search
//	             must find them between clients and nodes.
//
// # Limits
//
// Processes end with the run, in whatever way that ends: on Linux even if it is killed. Elsewhere a
// run that is killed leaves its processes behind.
//
// Bounds of time are those of a machine with time to spare. Recovery has a generous bound
// (Options.Within). A node that says in its log that it did not run for about as long as others
// need to take it for dead counts as one with a fault of that time.
//
// The search finds what is sent as it is, not what is encoded. Clients have a heartbeat of 2 s. A
// link whose dialer's first segment is lost counts as unknown until it is sent again.
package chaos
