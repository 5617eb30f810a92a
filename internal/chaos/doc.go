// Package chaos tests the promises of Parley from the outside. It runs a cluster of real
// `parley serve` processes and hundreds of real clients, injects faults, and compares the messages
// that were sent with the messages that arrived.
//
//	seed ──▶ rounds ──▶ faults: processes killed, paused, replaced, drained; packets lost, network cut,
//	             │      │         connections broken; random and recorded bytes
//	             │      └─▶ nemesis: clients cut off, vanished, stalled, moved, logged in twice
//	             ▼                                     │
//	          probe: can all users           user ══ client ══ recordingConn ══ node n1, n2, n3 (processes)
//	          reach each other again?          │                  │                     ║
//	                                           │ outcomes,        │ frames, sessions    ╚══ fabric: every packet
//	                                           ▼ callbacks        ▼                            ▼ recording
//	                                       history: every message ──▶ checker ──▶ Report ◀── plain text found
//
// `make chaos` runs for ten minutes; the test runs for one, with the faults marked short. Before a
// run, six nodes start together several times and join by one DNS name. A run consists of rounds: a
// round injects one fault, or two on different nodes, perhaps with disturbed clients. Then all
// faults are undone, every user must reach two others, and every node must be ready. Each fault is
// drawn once before any is drawn again. The seed determines the faults and their order, but not
// their exact timing, which depends on the scheduler and the network.
//
// # The network
//
// Where the system allows it, each node has a network namespace with one TUN device, and the run
// carries every packet. The run can drop packets between two places, all of them or only those of
// gossip or of links (a link begins with the first byte of TLS). It can reset connections in the
// middle of a segment, change a byte of a segment, send packets under the address of a member,
// replay recorded packets, and search what crosses between nodes. A killed process resets its
// connections and its port refuses, as on a real network. A killed run leaves nothing behind.
//
// A network of this kind needs Linux, /dev/net/tun, and root or user namespaces (see Rootless).
// Elsewhere the nodes listen on the loopback interface, and the report lists the skipped faults.
//
// # How violations are found
//
// The clients are those of package client. Each connection is a recordingConn, which records every
// frame: on which session a message was sent and received, and when a session had its welcome, its
// goodbye and its end. Callbacks of the client record which messages were handed over. All times
// are of one clock.
//
//	order        numbers of one sender to one recipient grow on each session of the recipient, and
//	             from each session to the next newer. They are given out in the order in which the
//	             messages were written to the sender's connections.
//	lost         an acknowledged message that never came. There is one exception: a session of the
//	             recipient that was there when it was acknowledged, has broken without a goodbye,
//	             and has not read anything that was sent after the acknowledgement. Then the
//	             node's operating system had the message, as promise 2 says, and it stayed unread.
//	             Those are counted apart. Had the session read something later, the message would
//	             have come before it.
//	notices      a user that disconnects stays away until all peers with a channel, a live session
//	             and a healthy node have the notice. After a killed process within 250 ms, after a
//	             machine that vanished within 2 s, if there is no other fault.
//	not found    is wrong if the recipient had a session before the message was sent, until a
//	             second after its end, and nothing was wrong with the nodes of either.
//	failed       while gossip alone is cut, connections of links are broken, or a node is
//	             attacked, a message between users that stay has one right outcome: delivered.
//	stepped out  of two nodes without a link, both linked to a third node, exactly one is not
//	             ready.
//	in clear     user IDs, message texts, the cluster's secret and the signing key are searched
//	             for in all that crosses between nodes, and in all that impostors receive. The
//	             same search must find them between clients and nodes.
//
// # Storages
//
// RunStorages is a run of its own: five nodes, of which three are core nodes, run cmd/storagenode,
// and the clients use a storage with three replicas through all of them. They increment counters,
// push to and pop from queues, and set keys once. The faults are those of nodes and of the network,
// one at a time, mostly of core nodes; after a restart the run waits until all replicas are up to
// date, since two core nodes without their memory may lose what both had.
//
//	increments   a counter is at least the acknowledged increments, and at most these and the
//	             unknown ones. No two increments return the same sum, and a client's sums grow.
//	queues       a value is popped once at most, and no value of a push that has failed. An
//	             acknowledged value is popped, or there in the end, or may have been taken by one
//	             pop with an unknown outcome. A client pops another one's acknowledged values in
//	             their order.
//	set once     SetIfNotExists has one winner at most, whose value is there in the end.
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
