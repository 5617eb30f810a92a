// Package natsnode gives a node its way to NATS JetStream, which keeps the storages of package
// dive.
//
//	a single node      Open ──▶ a server in this process, no port; a connection inside the process
//	a core node        Open ──▶ a server in this process ◀── TLS ──▶ the other core nodes' servers
//	any other node     Open ──▶ a connection, TLS, to one of the core nodes
//	--nats             Open ──▶ a connection to a NATS cluster that runs already
//
// A core node listens at its core address for connections of other nodes, and at the next port for
// routes of the other core nodes. Both are TLS 1.3 in which both sides prove that they know the
// cluster secret: see [credentials].
//
// # Limits
//
// All is kept in memory. The server keeps its list of streams in a directory for temporary files,
// which is removed when the node closes; a single node that is killed leaves it behind.
//
// A secret that can be guessed can be found out by a program that connects and tries: use a
// random one.
package natsnode
