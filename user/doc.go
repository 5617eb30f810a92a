// Package user knows the users connected to this node.
//
// A [User] is one session of one user: its user ID, its SID, the data that the application keeps
// with it, and the way back to its client. A [Registry] holds the users of one node and finds them
// by user ID or SID.
//
//	gateway ── New, Add, Discard ──▶ Registry ◀── ByUID, BySID ── dm, handlers
//	   ▲                                │
//	   └────────── Conn ◀───────────── User ◀── ServerPush, ServerRespond, Disconnect
//
// The package knows nothing of sockets: a connection is an interface, session.Conn.
//
// The package-level functions ([GetUserByUID], [OnNew], ...) act on [Default], the registry of the
// default node. A program that runs several nodes asks each node for its own registry.
//
// # Limits
//
// A registry sees only its own node: a user connected to another node is reached through package
// dm.
//
// Data kept with [User.Set] lives as long as the session, with one exception: when the node stops
// and the user comes back on another one within the grace time, the data go along. [RegisterType]
// tells which types do so by themselves. Encoded, they are [MaxMovedBytes] at most; beyond that the
// keys that come last are left behind. The log names what is left behind. What the newer session
// has under a key already stays. Data do not go along to any other later login, nor from a node
// that is killed, or that has left its cluster for a while.
package user
