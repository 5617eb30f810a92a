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
// session. A session that was replaced by a newer one goes silently.
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
