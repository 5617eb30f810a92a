// Package channel is the state machine of a pair of users: everything that is hard about direct messages, and nothing else.
//
// A [Channel] is one user's side of the pair. Events go in as method calls, actions come out as values; the package has no I/O, no
// goroutine, no lock and no clock of its own. So its tests are scripts and properties that run in milliseconds.
//
//	Send, Close ─────▶ ┌─────────┐ ──▶ Find       ask for the peer's node, with the first message
//	Answered ────────▶ │         │ ──▶ Transmit   to the node where the peer is known to be
//	Nobody, Retry ───▶ │ Channel │ ──▶ Finish     a message has its outcome
//	Expire, NodeDown ▶ │         │ ──▶ Cleared    the peer is gone: tell the user who stayed
//	Arrive, Decide ──▶ └─────────┘ ──▶ Again      ask once more, a moment later
//
// # How order is kept, and nothing comes twice
//
// A side sends in epochs. The epochs of a session count up from the stamp that the cluster's clock gave its login: so a user's epochs
// only grow, also from one session to the next, and those of a session that was replaced unawares stay below its successor's. Within an
// epoch messages are numbered from 0. A side begins an epoch only when all messages of the one before have an outcome, and a
// receiver that has seen an epoch takes nothing of an earlier one.
//
// Within an epoch the receiving side takes number n only after n-1. The first thing it refuses it refuses for good: it answers with
// the number from which on nothing was taken, and takes nothing more of that epoch. So the sender knows exactly what to send
// again: all from that number on, in order, in a new epoch that starts with a find. A message whose answer is lost stays
// unknown; it is never sent again.
//
// # How a channel opens and ends
//
// The first message goes as a find: to whichever node holds the peer. The channel is open, on both sides, once the receiving user's
// callbacks have accepted it. From then on either side knows the other's [Place] (node and session) and transmits there.
//
// A side ends the channel with an item that travels behind its messages: clear, leave or forget. After it nothing is sent until it
// is answered; a later message opens a new channel. A peer whose node died is gone without a word.
// Ends and finds cross. So an end, and a transmitted item that begins an epoch, say which epoch of the other side their sender had taken
// last (Heard): an end that was sent before the peer took our find does not end what that find has opened, and the answer to a find
// opens nothing if the peer has ended the channel after it. An end that is refused is told again by a find; told twice, it counts once.
// A peer whose session is not where it was has moved: the next find reaches it, and nobody notices.
//
// # Limits
//
// The machine takes the transport's word for one thing: what one side transmits to one place in one epoch
// arrives in order or not at all. What it has to be told in time: Retire, before the newer session sends; After, what the user's session and
// earlier machines of the pair have seen. When both sides move, end or forget one channel at the same moment, one of them may keep
// a channel that the other does not have; the next message heals it. Bounds on the number of messages waiting are its caller's.
package channel
