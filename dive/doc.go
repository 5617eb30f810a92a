// Package dive is the cluster's memory. Today it is the [Directory]: which node and session each user is on, and that there is
// one session per user. (Named key-value storages will live here too.)
//
//	 login on n2                         n1                  n2                  n3
//	     │                                │    hold bob       │                   │
//	     ▼            Claim               │◀─ ─ ─ ─ ─ ─ ─ ─ ─ ┼ ─ ─ ─ ─ ─ ─ ─ ─ ─▶│  interest
//	d.Claim(bob, s2) ───────────────────▶ │◀── barrier: bob,  │ ── bob, s2 ──────▶│
//	     │                 Evicted(bob,s1)│    s2, stamp      │                   │
//	     │                                │──── answer ──────▶│◀──── answer ──────│
//	     ◀─────── nil ─────────────────── │                   │                   │
//	d.Activate(bob, s2)                   │                   │                   │
//
// A node's parts use it like this: NewDirectory before the mesh starts, SetResident and SetFinder; for each
// login Claim, then Activate when the session can receive; Release when it ends; Find to reach a user wherever it is.
//
// # Why one session stands
//
// No node keeps a table of the users of others: to claim a user is to hold it in the mesh (see package mesh),
// and holding is what finds go by. What the directory adds is that there is one holder in the end.
//
// Each claim has a stamp of the cluster's clock, and of two claims the one with the later stamp is newer; equal stamps are decided by node
// and SID, so all nodes decide alike. A claim is entered on its own node first. Then a barrier carries it to every
// other node. A node with an older entry of the user evicts it, before it answers; one with a newer entry names that
// in its answer, and the claim has lost.
//
// Take two claims of one user on two nodes. Each was entered before its barrier was sent. If each barrier arrives where the other claim
// has been entered, both nodes see both, and decide alike. If one arrives before, the other claim is
// entered after its node has heard the stamp, so it is newer, and its own barrier, which comes later, finds the first one and evicts it. Either
// way exactly one stands, the newest, and every older one is told, once. A claim that is evicted before it was confirmed
// returns a ReplacedError instead, which names the newer one.
//
// Barriers are shared: claims that come while one is under way wait for the next, which carries them all.
//
// Nodes that could not hear each other may have confirmed one user each. When two nodes meet, they ask each other how
// many users they have, and the one with fewer names them all; the other evicts its older ones and names its newer ones
// in return. A node that has just started has none, so joining costs nothing. What gets lost on the way is asked again.
//
// # Finds on the move
//
// Between Claim and Activate finds wait, and are delivered first and in order. A node that has lost a user to another one
// still takes finds for half a second, and passes them on to where the user went: those that were sent before all knew. A
// find is passed on once; if the user is not there either, or too many wait, the asker is told to ask
// again (Missed, moved).
//
// # Limits
//
//   - Of an unfinished login at most 1024 finds and 1 MiB wait.
//   - While nodes cannot hear each other a user can have one session on each side. When they meet, the older goes.
//   - A login waits for every node that is up. If one dies without goodbye, logins of that moment wait until it is
//     down: the failure timeout. Without the engine they wait until their context ends.
//   - A claim whose context ends has already evicted older sessions.
//   - A find that is on its way while its user is released, not moved, may be lost without a word.
package dive
