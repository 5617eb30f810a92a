// Package demo is what `parley demo` shows: a cluster of three nodes, a page in the browser, and a
// tour in the terminal.
//
//	Run ──▶ cluster: n1, n2, n3, each a process ([ServeNode]) ◀── kill, restart ── page: internal/demopage
//	    │                │ reports: users, view, messages ───────────────────────▶   ▲
//	    │                └◀──────── wires: WebSockets of browsers ──────────────────┘
//	    └─▶ tour: one step after the other, each with what it took; then the users answer, until ctx ends
//
// The nodes are ordinary ones (parley.New) and every figure is measured in the moment before. Each
// node is a process of its own, which the page or the tour kills as kill -9 does: the operating
// system closes its listeners, links and connections. This process is no node, so the page stays up
// whichever of them dies.
//
// The users of the tour are Go clients on the nodes' own ports. Browsers come through this process:
// a wire passes the bytes of a WebSocket on to its node, and can be cut or stalled. What nodes see
// comes back on their standard output.
//
// # Limits
//
// All nodes share one machine: figures say how the parts work together, not what a machine can
// carry. A wire adds a hop, and the nodes trace every message for the page: a node without both is
// faster.
package demo
