// Package demopage serves the demo page and the small API that the page speaks. `parley demo` shows
// it for its cluster, a node with the setting dev for itself.
//
//	node ── Reporter ──▶ Report ──▶ Feed ── server-sent events ──▶ page
//	                                          Server ◀── POST ──── page ──▶ Cluster: kill, restart, cut, stall
//
// A Reporter tells what one node sees: its users, the members of its view, and its messages with
// their way and outcome. Where the node is another process, a Report is one line of JSON. A Feed
// holds the newest State and passes it, and messages, on to every page that is open. Rules is the
// application on the nodes: it declines or rewrites the messages of users that ask for it.
//
// # The API
//
//	GET  /api/events                   server-sent events: state, messages, caption
//	POST /api/token                    {"user": "ada"} ─▶ {"token": "…"}
//	POST /api/nodes/{name}/kill        also /restart
//	POST /api/users/{id}/cut           also /stall, /resume
//
// The page sends no key. So a request must come for an address of this machine and, if a browser
// made it, from the page itself: see [New].
//
// # Limits
//
// A page that reads slowly misses messages, which are counted, and never the newest state. A state
// lists at most 200 users of a node. What is reported of messages is bounded by time and number: a
// node that carries more reports a part, and how many it left out.
package demopage
