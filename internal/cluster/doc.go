// Package cluster is a node's membership: which other nodes there are, the links to them, and the
// view.
//
//	--join ──▶ search ─── Introduce ───▶ link.Endpoint ◀─── gossip streams ───┐
//	             │                         │  ▲                               │
//	             │ Join                    │  │ Want                      transport
//	             ▼                         │  │                               │
//	          gossip ── found, lost ───────┼──┘                          UDP ─┘
//	       (memberlist)                    │ LinkUp, status, LinkDown
//	                                       ▼
//	                   Cluster ──────▶ core (pure) ──▶ enter, found, step out
//	                       │
//	                       ├──▶ Directory: NodeLinked, ViewChanged, NodeDown, Resumed, Paused
//	                       └──▶ Host: NodeDown, StepOut, Paused, Failed
//
// Gossip introduces, links carry. Gossip (hashicorp/memberlist) spreads each node's ID and link
// address. A node keeps a link to every node that it was introduced to (package link). Whether a
// node lives is what its link says; gossip's opinion only ends the dialing of nodes that do not
// answer.
//
// Links and gossip share one port: links and gossip streams by TCP, told apart by their first byte,
// gossip packets by UDP. Both are encrypted with keys derived from the cluster secret.
//
// # The view
//
// The view of a node is itself and the members to which it has a link. Every node tells its state
// and its view to every node that it has a link to, whenever they change. core.go has the rules:
//
//   - A node that joins is in no view until it has a link to every member that any of them names. Until
//     then it takes no clients, and members register with it ahead what it will own.
//   - If there is no member at all, the oldest of those that look founds the cluster: at once if every
//     address to join has answered, or none was given, otherwise after 5 s.
//   - If a node has no link to a member that a third one has a link to, and this lasts for 500 ms, one of
//     the two steps out: the one that misses more than half of what the third one sees, otherwise the
//     younger. It ends its sessions and its links and enters again when it reaches all.
//   - A node that did not run for a second has no links, and is not a member until it has entered again.
//
// So all members that see each other agree on the view, up to the moment in which it changes. What
// rests on that, and what must not rest on that moment, is told in package directory.
//
// # The death of a node
//
// Package link finds it (dead.go there): a silence of 1.5 s, or a port that refuses. The link ends,
// and its LinkDown is handled in links.go, in this order:
//
//	link LinkDown
//	 ├─ 1 Host.LinkEnded        the history of views notes the reason; nothing is decided there
//	 ├─ 2 core.unlinked         the view without the node; members are told (core.go)
//	 │     └─ Directory.NodeDown   the dead node's entries and requests are void in the same step;
//	 │                          sessions of this node that it owned are registered with new owners
//	 │                          (internal/directory: core_view.go, core_work.go)
//	 └─ 3 Host.NodeDown         (membership.go of the root package)
//	       ├─ messages          under way to the node: Timeout; queued: the peer is looked up anew; an
//	       │                    open channel with a user there: Cleared, for which SetOnClearCache
//	       │                    runs (dm/internal/core: node_down.go; dm/internal/runtime: perform.go)
//	       └─ operator          calls to the node end without an answer (internal/admin: peers.go)
//
// The users of the dead node are not moved: their clients reconnect, and log in elsewhere. Messages
// come last, so that a lookup that they cause is answered without the dead node.
//
// # Joining
//
// All addresses of all names to join are asked, resolved anew in each round, for as long as the
// node runs. A node's own address among them is recognised. Addresses that do not answer are named
// in the log after 5 s, and each minute. A secret that every node refuses ends the start with an
// error.
//
// # Limits
//
//   - A link for each two nodes: 100 to 200 nodes.
//   - Two halves that cannot see each other are two clusters until they meet.
//   - Node names must differ: of two nodes of one name the one that is not a member gives up, else the younger.
//   - Gossip is encrypted, not protected against replay: a replayed packet can only introduce a node
//     that is not there, or name one dead whose link stands; neither is believed.
package cluster
