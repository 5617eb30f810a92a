// Package link carries packets between the nodes of a cluster. Each two nodes have one link: a FIFO
// over TCP and TLS 1.3 that survives its TCP connection and ends alike for both sides. The package
// knows nothing of membership, directory or messages.
//
//	lower node                                             higher node
//	Endpoint ── Dial ─── TLS, proofs, numbers ──▶ Listen ── Endpoint       creates and resumes
//	         ◀─ Listen ── "dial me at ADDR" ───── Dial ──                  asks
//	    │                                                      │
//	   Link ◀════════ connection 1, 2, … one at a time ═════▶ Link         packets, beats, acks, goodbye
//	    │ Send: kept until acknowledged                        │
//	    └ reader ──▶ Handler.HandlePacket                      └ …
//
// [Listen] begins a node's [Endpoint]. [Endpoint.Want] keeps a link to a node. A [Handler] hears
// LinkUp, the packets, and LinkDown, one after another for each peer; [Endpoint.To] finds the link
// to send on.
//
// # A link outlives its connection
//
// Packets and beats are numbered by their order and kept until the other side acknowledges them,
// with a count at the head of what it writes anyway. When the connection breaks both sides dial at
// once and every few ms. The handshake of the new connection tells each side how much the other has
// received, and the rest is sent again. The layers above do not notice.
//
// # A link ends alike for both sides
//
// The links of a pair are numbered. Each handshake names the highest number that its sender has
// ended, and the other side ends its own link up to that number before anything else. A link ends
//
//   - when nothing was received on it for Timing.Failure (dead.go);
//   - when its connection is broken and the peer's port refuses, or another node answers there (dead.go);
//   - with a goodbye (end.go), after a pause of this process (lease.go), after a frame that no node sends.
//
// After LinkDown nothing of it is delivered: readers look at the clock before they handle what they
// have read, so that a process that was stopped finds out first.
//
// # Suspension and the lease
//
// A link is suspended while its connection is broken, or while its newest acknowledged packet was
// sent more than Timing.Suspend ago. Packets that arrive then are deferred and handled, in order,
// when the link resumes. [Endpoint.Leased] is true while no link is suspended:
//
//	the packet acknowledged last was sent at s           the other side received it at r ≥ s
//	Leased is false after s + Suspend                    it ends the link at r + Failure or later
//
// So a node that is about to be given up has known it for Failure - Suspend. Sending times are
// those of the last tick, which is never later than the sending; a monitor that does not run makes
// the lease lapse, and does not extend it.
//
// A process whose monitor has not run for Timing.Suspend was paused: all links end, then
// Handler.Paused is called, and until it returns [Endpoint.Running] is false and no link begins.
//
// # Authentication
//
// Both sides prove the cluster secret by HMAC over fresh nonces, both IDs and a key that only the
// two ends of the TLS channel have; the dialer proves first. handshake.go has the bytes.
//
// # Writing and reading
//
// Send never waits. The first sender becomes the writer and writes at once; others leave their
// packets to it. While the reader handles what has arrived, and within a [Cork], packets gather, up
// to 32 KiB. Nothing is allocated for a packet in either direction; crypto/tls allocates 24 bytes
// for each read of the socket, which all packets that came together share.
//
// # Costs
//
// An idle link sends a beat in 250 ms. It holds 64 KiB for sending, 32 KiB for reading and what TLS
// needs. Kept packets are plaintext: a resume encrypts them anew. A packet's framing is 6 bytes, an
// ack 14, a TLS record 22 for up to 16 KiB.
//
// # Limits
//
//   - Unwritten and unacknowledged packets of a link are bounded by Config.QueueBytes; beyond that Send
//     returns ErrOverloaded.
//   - What was sent and not acknowledged when a link ends may have been delivered or not.
//   - A process that is stopped in the midst of handling what one read has brought, at most one TLS record,
//     handles the rest of it when it runs again.
//   - A packet that takes longer than Timing.Suspend to transmit suspends the link meanwhile.
//   - A refused connection counts as proof that a process is gone: a firewall that resets connections to
//     a node that lives ends links, and the lease does not warn of that.
//   - Both nodes have to reach each other: a node that can only dial out gets no link to a lower one.
//   - 64 handshakes may be under way as acceptor; more are closed, and may come again.
//   - Each process that knows the secret can be any node. A secret that can be guessed can be tried out by
//     a machine that is dialed in place of a node. Take a long one.
package link
