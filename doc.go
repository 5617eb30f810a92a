// Package parley is a node's life, and the only place where its parts meet.
//
// A node takes clients in, knows where in the cluster every user is, and carries direct messages
// between them (package dm). A program has either the default node, as it has http.DefaultServeMux:
//
//	parley.Setup("configs/parley.json")
//	dm.Setup("configs/dm.json")
//	dm.ExposeCommands()
//	parley.HandleCommand(2, 10, handle)
//	parley.Start() // returns when the node has been told to stop and has drained
//
// or any number of its own:
//
//	s, err := parley.New(parley.Config{AuthKey: secret, TCP: "127.0.0.1:0"})
//	s.DM().ExposeCommands()
//	s.HandleCommand(2, 10, handle)
//	err = s.Start(ctx)
//	...
//	err = s.Stop(ctx)
//
// The parts, and what calls what:
//
//	clients ──▶ gateway ──▶ command ──▶ handlers, dm ──────────┐
//	               │                      │ lookup             │ messages
//	            Server ──▶ user       directory ──▶ cluster ◀──┘
//	               └────── claims ────────┘            │
//	                                                 links ──▶ other nodes
//
// # A login
//
// The gateway has checked the token and made a user. The directory claims the user ID for the new
// session with its owner, one of the members: when that has confirmed it, no older session is left
// anywhere and lookups find the new one. Then the user is added to the registry, takes over the
// channels of the session it replaced, and the client gets its welcome.
//
// # A farewell
//
// A user whose session is over is found by nothing on its node; each peer it has a channel with is
// told, behind the last message; when all messages have their outcomes the directory forgets the
// session. A session that was replaced by a newer one goes silently: see the words below.
//
// # Words for a newer login
//
// A user has one session in the cluster. When the user logs in again, on any node, the older
// session is replaced by the newer one. The steps have these names, in comments and in the code:
//
//	evict      the owner of the user ID has the older session ended, before it confirms the newer
//	           one (Server.evict; internal/directory: core_owner.go, core_session.go)
//	hand over  the older session's channels go to the newer one, and no peer is told that the user
//	           left (messages.Engine.HandOver; dm/internal/runtime: handover.go)
//	relocate   the peers in those channels are told where the user is now
//	move       the user's data go to the newer session, packed by the older one's node if that
//	           stops, and unpacked by the newer one's (predecessor.go; package user: pack.go)
//	linger     a stopping node keeps a user's session, for Config.Grace, until the newer login
//	           evicts it (linger.go; internal/linger)
//	park       what lingering is to the messages: the channels stay open, and messages for the
//	           session are refused, so that their senders try again (messages.Engine.Park)
//	replaced   what the user and the program hear: goodbye 2002, user.Replaced
//
// The predecessor of a session is the older one. It names itself to the node of the newer one, its
// successor, in a packet of PortSessions; OnSIDUpdate runs there with both SIDs.
//
// # Membership
//
// A node takes clients once it is a member of its cluster (package internal/cluster). When it must
// leave for a while, because it misses a member that others see, it sends its users to other nodes.
// When its process was stopped for a second or more, it handles no client before its sessions have
// been claimed again, or 5 s have passed.
//
// # Limits
//
// Handlers and callbacks are set before Start; a stopped server cannot be started again. Only
// [Start], of the default node, looks at signals and ends the process.
package parley
