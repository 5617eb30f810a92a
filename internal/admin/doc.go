// Package admin is what nodes ask each other for operators: where is this session, end it, ban that
// user, how are you. It runs on the links of the cluster, on a port of its own.
//
//	HTTP request ─▶ Peers.Sessions, Kick, Ban, Nodes ──packet──▶ Peers of that node ─▶ Local
//	                        ▲                                            │
//	                        └──────────────────packet───────────────────┘
//
// A question about this node itself is answered by Local without a packet.
//
// # Packets
//
//	kind u8 | id u64 | body
//
// A request's body and an answer's are JSON objects, whose unknown keys are ignored: nodes of
// different versions understand each other. A probe's body comes back as it is.
//
// # Limits
//
// A node answers one request of other nodes after another and lets 1024 wait; beyond that it drops
// them, and those that ask get their context's error. Bans are kept in memory, at most 100,000: a
// node that enters gets those of the others, and they end with the last node.
package admin
