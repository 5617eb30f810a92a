// Package channel is the state machine of a pair of users: everything that is hard about direct messages, and nothing else.
//
// A [Channel] is one user's side of the pair. Events go in as method calls, actions come out as values; the package has no I/O, no
// goroutine, no lock and no clock of its own. So its tests are scripts and properties that run in milliseconds.
//
//	Send, Close ─────▶ ┌─────────┐ ──▶ Find       look up the peer's place, for the first message
//	Located, Nobody ─▶ │         │ ──▶ Carry      that message to the session of that place
//	Answered, Unsent ▶ │ Channel │ ──▶ Transmit   a later one to the session where the peer is known to be
//	Expire, NodeDown ▶ │         │ ──▶ Finish     a message has its outcome
//	Arrive, Decide ──▶ │         │ ──▶ Cleared    the peer is gone: tell the user who stayed
//	Retry ───────────▶ └─────────┘ ──▶ Again      go on a moment later
//
// # How order is kept, and nothing comes twice
//
// Every item names the session that it is for; any other session refuses it. A session that has been replaced sends nothing more, refused
// items included.
//
// A side sends in epochs. The epochs of a session count up from the stamp of its login, which is above those of all older sessions
// that the cluster knows of. Within an epoch messages are numbered from 0. A side begins an epoch only when all messages of the one
// before have been answered or have reached their deadline, and a receiver that has taken an epoch takes nothing of an earlier one: it refuses it as
// [Stale] and names the epoch. A live session goes on above that one, the first time at once, then after pauses. A machine that was thrown
// away leaves its newest accepted epoch to the session, as the [Channel.Floor] of machines made later: so forgetting a channel forgets
// no order.
//
// Within an epoch the receiving side takes number n only after n-1. The first thing it refuses it refuses for good: it answers with
// the number from which on nothing was taken, and takes nothing more of that epoch. So the sender knows exactly what to send
// again: all from that number on, in order, in a new epoch, a moment later. A message whose answer is lost stays
// unknown; it is never sent again.
//
// # Deadlines
//
// An item whose deadline passes while it is under way ends in Timeout for its owner. The machine remembers its number until it is
// answered or the link to its node ends, and is not [Channel.Over] before: its session stays registered, so that a newer session's epochs
// are above those that may still arrive. Such items hold up nothing else.
//
// # How a channel opens and ends
//
// The channel is open, on both sides, once the receiving user's callbacks have accepted the first message. From then on either side
// knows the other's [Place] (node and session) and transmits there.
//
// A side ends the channel with an item that travels behind its messages: clear, leave or forget. After it nothing is sent until it
// is answered; a later message opens a new channel. A peer whose node's link has ended is gone without a word.
// Ends and finds cross. So an end, and a transmitted item that begins an epoch, say which epoch of the other side their sender had taken
// last (Heard): an end that was sent before the peer took our find does not end what that find has opened, and the answer to a find
// opens nothing if the peer has ended the channel after it. An end that is refused is tried again where the peer is then.
// A peer whose session is not where it was has moved: the next find reaches it, and neither user notices.
//
// # Limits
//
// What it has to be told in time: Retire, before the newer session sends; After, what an older session of the user has taken; Floor, what
// earlier machines of the session have accepted; NodeDown, before anything comes by a newer link. When both sides move, end or forget
// one channel at the same moment, or a session is replaced while its farewell is refused, one of them may keep
// a channel that the other does not have; the next message heals it. The floor is one for all peers of a session: a sender that logged in
// before the peer of a forgotten channel is refused once, and goes on above the floor. Bounds on the number of messages waiting are the
// caller's.
package core
