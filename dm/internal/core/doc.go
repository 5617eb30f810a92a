// Package core is one session with all its conversations: everything that is hard about direct
// messages, and nothing else.
//
// Events go in as method calls of a [Session], effects come out as values; the package has no I/O,
// no goroutine, no lock and no clock. Its tests are scripts and properties that run in
// milliseconds, over a simulated cluster of real sessions.
//
//	Send, Disconnect ────────────────▶ ┌─────────┐ ──▶ Lookup      look up the peer's place, for the first message
//	OnLookupFound, OnLookupFailed ───▶ │         │ ──▶ Carry       that message to the session of that place
//	Arrive, CallbackDone, Reply ─────▶ │         │ ──▶ Transmit    a later one to the session where the peer is known to be
//	OnAnswer, OnUnsent, Retry ───────▶ │ Session │ ──▶ Finish      a message has its outcome
//	Expire, DropIdle ────────────────▶ │         │ ──▶ Answer      to an arrival
//	Close, Replace, TakeOver ────────▶ │         │ ──▶ HandOver, Relocate, Drained
//	OnRelocation, NodeDown ──────────▶ └─────────┘ ──▶ Backoff, Cleared, CancelLookup
//
// The states stand in tables: of a session at [State]; of a conversation at channelState, phase,
// offer and trust; of an item that ends a channel at endState.
//
// # Where to look
//
//	session.go, session_send.go, session_receive.go   the events of a session
//	conversation.go, outbound.go, inbound.go          one pair: its state, what goes out, what comes in
//	order.go                                          epochs and numbers: what is refused, so that nothing comes twice or late
//	lookup.go, answer.go, overdue.go                  an item on its way, until its true outcome
//	handover.go                                       a newer login takes the user over
//	node_down.go, close.go, park.go                   a node dies, the user leaves, its node stops
//	lru.go, expiry.go                                 channels that nothing uses, messages whose time is up
//
// # How order is kept
//
// Every item names the session that it is for; any other session refuses it. A session that has
// been replaced sends nothing more, refused items included.
//
// A session sends to a peer in epochs. Epochs count up from the stamp of the session's login, which
// is above those of all older sessions that the cluster knows of. Within an epoch items are
// numbered from 0. A session begins an epoch only when all items of the one before have been
// answered or have reached their deadline. A receiver that has taken an epoch takes nothing of an
// earlier one: it refuses it as [Stale] and names the epoch. A live session goes on above that one,
// the first time at once, then after pauses. A conversation that is forgotten leaves its newest
// accepted epoch to the session, as the floor of conversations made later: so forgetting a channel
// forgets no order. What was declined does not raise the floor: else senders that a user declines
// would hold each other up.
//
// # Why nothing comes twice
//
// Within an epoch the receiving side takes number n only after n-1. The first item that it refuses
// it refuses for good: it answers with the number from which on nothing was taken, and takes
// nothing more of that epoch. So the sender knows exactly what to send again: all from that number
// on, in order, in a new epoch, a moment later. An item whose answer is lost stays unknown; it is
// never sent again.
//
// An item whose deadline passes while it is under way ends in Timeout for its owner. The
// conversation remembers its number until it is answered or the link to its node ends, and is not
// forgotten before: the session stays registered, so that a newer session's epochs are above those
// that may still arrive. Such items hold up nothing else.
//
// # How a channel opens and ends
//
// The channel is open, on both sides, once the receiving user's callbacks have accepted the first
// message. From then on either side knows the other's [Place] (node and session) and transmits
// there.
//
// A side ends the channel with an item that travels behind its messages: Clear, Leave or Forget.
// After it nothing is sent until it is answered; a later message opens a new channel. Ends and
// offers cross. So an end, and a transmitted item that begins an epoch, say which epoch of the
// other side their sender had taken last (Heard): an end that was sent before the peer took our
// offer does not end what that offer has opened, and the answer to an offer opens nothing if the
// peer has ended the channel after it. An end that is refused is tried again where the peer is
// then. A peer whose session is not where it was has moved: the next lookup reaches it, and neither
// user notices.
//
// # When a session is replaced, and when a node dies
//
// A replaced session hands each channel to the newer one (HandOver), with the newest epoch that it
// has taken; the newer one tells the peer (Relocate). Both are told once: if they are lost with a
// node, the next message finds its way. A message that is with the callbacks meanwhile opens
// nothing any more: it is refused, even if they accept it, and reaches the newer session.
//
// NodeDown says that the link to a node has ended. What was under way there ends in Timeout. Its
// sessions are gone without a word: each channel with one ends, and its user is told (Cleared). If
// the newer session of a replaced one was there, the older one tells the peers in its place where
// that was: then they notice its end, too.
//
// # Blank users
//
// A blank user has no login, and may be on any number of nodes at once with any user ID. So its
// items are marked, and the receiver compares them with nothing and remembers nothing of them. That
// suffices for order: a session refuses an item of a blank user only before it takes part or after
// it has ended. The sender waits for the answer to the first item that follows a lookup; from then
// on the session takes all that comes, in the order of the link, until it ends, and then refuses
// all. What was refused goes on behind a new lookup. No channel opens, and the sender forgets the
// place as soon as nothing is under way.
//
// # Cost
//
// An event of one conversation costs O(1), whatever the session has open: channels are in a list by
// their last use, and Expire visits only conversations in which something waits. Replace, Close and
// NodeDown visit all.
//
// # Limits
//
// What it has to be told in time: Replace, before the newer session sends; NodeDown, before
// anything comes by a newer link. When both sides move, end or forget one channel at the same
// moment, or a session is replaced while its farewell is refused, one of them may keep a channel
// that the other does not have; so does a session that takes over a channel which it, or its peer,
// has just ended, because an ended channel is forgotten. The next message heals it. The floor is
// one for all peers of a session: a sender that logged in before the peer of a forgotten channel is
// refused once, and goes on above the floor.
package core
