// Package mesh is a node's place among the nodes of its cluster: who else is alive, and packets to them, to
// whichever of them holds a user, and to all of them at once.
//
//	        dive, dm                                         dive, dm
//	          │  ▲                                             ▲
//	  Send    │  │ HandlePacket, HandleFind,    HandlePacket,  │
//	  Find    │  │ HandleNobody, NodeUp …       HandleFind …   │
//	  Hold    ▼  │                                             │
//	┌────────────┴────────────┐                ┌───────────────┴─────────┐
//	│ member: who is up,      │                │ member                  │
//	│ barriers, ports         │                │                         │
//	├───────────────┬─────────┤   one order    ├─────────┬───────────────┤
//	│ engine: NATS, │ links   │ ═════════════▶ │ links   │ engine        │
//	│ or memory     │ (link)  │ ─────────────▶ │         │               │
//	└───────────────┴─────────┘                └─────────┴───────────────┘
//
// A [Mesh] is made by [NewNATS], for real nodes, or by [Memory.Node], for tests. Set its handlers and watchers, then
// Start it. What is above sees only the interface; only this package knows NATS.
//
// # Interest is the directory
//
// To hold a user is to subscribe to the user's subject, and a find is a message to that subject. NATS's interest graph says
// where it goes, and says at once if there is nobody: no table of users that could be stale, and a dead node's users
// vanish with it. All nodes subscribe in one queue group, so that of several holders, which exist for a
// moment when a user moves, one gets each find.
//
// # Order, and what rests on it
//
// Interest spreads. Just after Hold has returned, another node may still find nobody, and flushing the
// connection to our own server does not help: it says nothing of the other servers. But all that a node does goes through one
// connection to its server, one connection from that server to each other one, and one from there to the node at
// its end, and each keeps the order. So whoever hears anything from us knows all the interest that we had
// declared before. Two things rest on it:
//
//   - A barrier is a message to all, which each node answers. When all answers are there, everybody has heard
//     from us, and thus knows whom we hold. It costs one round trip, however many users wait for it, and needs
//     nothing of a node that dies meanwhile. Questions or answers that get lost with a connection are repeated.
//   - Joining is saying hello until everybody has answered: those that were heard, and those that the answers
//     name. The answers stand behind the interest of those who gave them, so the node is in step then. The
//     hello stands behind our own.
//
// # Who is alive
//
// Every node broadcasts a beat ([Timing]). Who is heard for the first time, by whatever packet, is up. Who says
// goodbye is gone for ever; the goodbye travels behind all packets that were sent before. Who is not heard for the failure
// timeout is down. A node that did not run itself for a while (stopped, or starved) has not listened, and one without its engine
// cannot listen: such a node judges nobody until it has listened again for the whole timeout.
//
// A node that was down for another may not know it: it was stopped, or only the way was cut. If it went on as if nothing had happened, one side would
// have forgotten what the other remembers. So each node has for each pair an epoch, which it renews when it
// declares the other one down, and meetings (a kind of packet) carry both epochs. A node that learns of a new epoch of a node that
// is up announces NodeDown and NodeUp itself; the other announces NodeUp only when it has
// heard that its epoch has arrived. Until then it takes no packets from there. Before a node
// announces NodeUp it tells the other side that it does, in order with what its watchers send.
//
// Handlers run under a lock for reading, watchers under the same lock for writing: no packet of a node comes before its NodeUp or
// after its NodeDown.
//
// # Links
//
// Packets of direct messages (PortDM) go from node to node by a link of their own (package link), which takes half the time, and does not
// need NATS once it stands. The first packet to a node asks for one. One connection serves both directions, so that answers come on the link of
// what they answer. All else goes by the engine: nobody would ask again for a packet of the directory that a link has lost.
//
// A link never changes the order: links.go tells how packets go over to it and come back. When it breaks, what was on it may or may not have
// arrived; both sides' watchers are told (PathLost), and until a new link stands packets go by the engine. An attempt that
// fails is repeated after 100 ms, then later and later, up to 5 s, as long as there are packets.
//
// Who is heard on a link is alive. A node that has lost its engine goes on with those to whom it has a link, and declares those of them down
// that fall silent; of the others it knows nothing, and judges none. A node that hears another on its link only, for longer than the
// failure timeout, waits for the engine's word no more, and asks it by the link for its answers to barriers. Finds do not come to that node: as long as
// this lasts, those that nobody answers are said to be out of reach ([Doubter]), and not to have found nobody.
//
// # Cut off
//
// A node is cut off while it has no connection to NATS, and after that until all it knew have been heard again or are down: before,
// finding nobody would mean nothing. It is cut off too when two or more others, all there were, have vanished at once and none is back: more likely it is
// alone than they are all dead.
//
// While one node of a cluster of embedded servers cannot be reached, and is not down yet, finding nobody means nothing either:
// askers are told so ([Doubter]). The same holds while a node is silent, for half the failure timeout or longer, and while one is missing: down
// for us, and up for another node that we see. Nodes tell each other whom they see whenever that changes. It is so when a part of the network is
// cut, and whenever it is mended: not all meet at once. Whoever says of a user of its own that it has left should know of such doubts ([Watchful]).
//
// A node that is down without a goodbye may still get finds from NATS, if its machine has vanished or stands still: a shadow. NATS notices after some
// seconds, or minutes if its servers are somebody else's. Until it does (each beat asks it), finds do not follow the interest: the nodes that are up are
// asked who holds the user, and the find goes to that one (seek.go).
//
// # The embedded server
//
// By default the NATS server runs in this process, and the node is connected to it in memory. A single node opens no port; a node of a
// cluster opens its cluster port and no other. Servers prove to those that they call that they know the cluster secret, by
// a password derived from it.
//
// # Limits
//
//   - A user that is held costs its own node about 1.3 KB (subscription and server), and each other node about 1 KB.
//   - What arrives waits in bounded queues: 64 MiB of packets of other nodes, 16384 finds, 16 MiB of all else. What does not
//     fit is dropped, logged and counted ([Drops]); who sent it hears nothing.
//   - A find is lost, without a word, if the user is released while it is on its way, or if the holder dies. PathLost does not tell of finds: an answer
//     to one that was sent by a link which broke is missed until the asker's patience ends.
//   - When two nodes meet again, finds of the first milliseconds may come to one that has not met the other yet: they are dropped, without a word.
//   - The node that calls proves that it knows the secret, the one that is called does not; the connection is
//     not encrypted. The cluster port belongs into a network that is trusted.
//   - Only links can say ErrOverloaded: NATS drops what does not fit at the receiver, and counts it.
//   - A link that breaks while NATS is away comes back only after NATS: without it nobody knows what is still on its way. Until then
//     packets to that node are refused (ErrCutOff), and if it is not heard for the failure timeout it is down.
//   - The node with the lower incarnation calls. If it cannot reach the other one's address there is no link, though the other way might be open.
//   - A link costs a connection, a goroutine and 64 KiB of buffer for each pair of nodes that have something to say to each other.
//   - In a meeting at most 400 nodes are named.
//   - In a Memory network Freeze stops the node's own goroutines, not those that call it.
package mesh
