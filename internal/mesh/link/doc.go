// Package link carries packets between two nodes over one TCP connection of their own. It knows nothing of membership, of the engine or
// of what packets mean: package mesh does.
//
//	node a                                                          node b
//	────── Door ── Dial ─────────── handshake ──────────▶ Door ── Admit ──────
//	        │                                               │
//	       Link ◀══════════ one connection, both ways ════▶ Link
//	        │ Send: held, or queued and written at once     │
//	        └ Run: reads, hands to a Receiver               └ ...
//
// [Listen] opens a node's door. [Door.Dial] calls another node's; whoever comes in there goes through Options.Admit. Either way the result is a
// [Link], which its owner must Run: that is its only goroutine (and one more while the system takes no more bytes).
//
// # Who is at the other end
//
// Both sides prove that they know the cluster secret, by HMAC-SHA256 over both sides' fresh nonces, both nodes and the role of who proves; the
// secret itself, and anything made of it alone, is never sent. The caller proves first, so that who merely connects gets nothing to guess
// at. With Options.TLS the connection is encrypted (TLS 1.3) with a certificate made at start that nobody has signed: the proofs cover a
// key that only the two ends of this encryption have, which says more than a signature would. handshake.go has the bytes.
//
// # On hold
//
// A link begins on hold. Packets given to Send wait in it until Release, which is for its owner to call when they cannot overtake
// anything any more; the other side says when that is by Open. Beats and control packets pass. If the link ends before, TakeHeld gives the packets
// back.
//
// # Writing and reading
//
// Send never waits. Who finds nobody writing writes at once, without waiting; who comes meanwhile leaves the frame for the one who is writing, and
// what the system does not take goes to a goroutine that ends when it did. Reading is one call for all that has arrived. While that
// is handed over the link is corked: what is sent gathers and is written with one call at the end, or when 32 KiB are there. A [Cork] does the same for all
// links of a node while it reads from many clients in a row. What nobody waits for (SendLater) goes with whatever goes next. In neither
// direction anything is allocated for a packet.
//
// # Limits
//
//   - 64 MiB may wait to be written (and 1 MiB more of beats and control packets): beyond that ErrOverloaded. An idle link holds a
//     read buffer of 64 KiB, and up to 512 KiB for writing if it was busy once.
//   - What was given to Send when a link ends may have arrived or not. Nothing is sent again.
//   - Over TLS, and where there are no such system calls (windows), each write goes through a goroutine, which costs some µs, and TLS
//     allocates.
//   - Whoever knows the secret can be any node. Without TLS packets can be read, and changed, by whoever sits on the way: then links belong into
//     a network that is trusted. TLS has to be the same at both ends.
//   - A secret that can be guessed can be tried out by whoever is called in place of a node. Take a long one.
//   - 64 handshakes may be under way at a door; who comes then is sent away and may come again.
package link
