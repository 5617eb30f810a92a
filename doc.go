// Package parley is a node's life, and the only place where its parts meet.
//
// A node takes clients in, knows where in the cluster every user is, and carries direct messages between them (package
// dm). A program has either the default node, as it has http.DefaultServeMux:
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
// The parts, and who calls whom:
//
//	clients ──▶ gateway ──▶ command ──▶ handlers, dm
//	               │                      │
//	            Server ──▶ user        dive (directory) ──▶ mesh ──▶ other nodes
//
// # A login
//
// The gateway has checked the token and made a user. The directory claims the user ID for the new session: when every other node has
// answered, no older session is left anywhere and every node's finds come here. Then the user is added to the registry, takes over
// the channels of the session it replaced, and the client gets its welcome.
//
// # A farewell
//
// A user whose session is over is found by nobody; then each peer it has a channel with is told, behind the last message; then
// the directory forgets the user. A session that was replaced by a newer one goes silently.
//
// # Limits
//
// Handlers and callbacks are set before Start; a stopped server cannot be started again. Only [Start], of the default node, looks at
// signals and ends the process.
package parley
