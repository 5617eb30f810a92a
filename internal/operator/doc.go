// Package operator answers operators: the requests of the server-to-server API, wherever in the
// cluster the user is, and what other nodes ask of this one for theirs.
//
//	httpapi ──▶ Operator ── Locate ──▶ directory: where is the user?
//	               │ ── admin.Peers ──▶ the node of the user: its session, its end, bans
//	               ▼
//	           dm: messages        local ◀── admin.Peers ── other nodes
//
// Bans are kept by each node, and told to those that enter. [Operator.Banned] is asked at each
// login.
//
// # Limits
//
// Before [Operator.Join] the API has no answer but that the node takes no users.
package operator
