package core

// Kind is what an item does.
type Kind uint8

// The kinds of items. All but Message and Connect end the channel.
const (
	Message Kind = iota + 1 // a message for the peer
	Connect                 // opens the channel, carries nothing
	Clear                   // the user ends the channel, perhaps with a last message
	Leave                   // the user has left, perhaps with a last message
	Forget                  // the channel is dropped, in silence
)

var kindNames = [...]string{"none", "message", "connect", "clear", "leave", "forget"}

// String is the kind in words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}

	return "unknown"
}

// Known tells whether k is one of the kinds.
func (k Kind) Known() bool { return k >= Message && k <= Forget }

// Ends tells whether the channel ends with such an item.
func (k Kind) Ends() bool { return k >= Clear }

// Item is one thing that a session sends to a peer. The core moves and numbers items; what an item
// carries is the caller's, and so is the item again once its Finish is performed.
type Item struct {
	Kind     Kind
	Ver      uint8
	Cmd      uint16
	Body     []byte
	Deadline int64 // when the item ends in Timeout, in Unix nanoseconds
	Owner    any   // what is told the outcome; nil: nothing

	seq    uint32
	ending endState
	heard  uint64 // of a departed end: the newest epoch taken from the peer when it departed
}

// noReply tells whether nothing waits for the item's outcome.
func (it *Item) noReply() bool { return it.Kind == Message && it.Owner == nil }

// endState is how far an item that ends the channel has come.
//
//	state:       event                                         next
//	waiting:     it is sent: the channel ends on this side     departed
//	departed:    refused, and an item goes ahead of it anew    mustDeliver
//	mustDeliver: it is sent again                              departed
type endState uint8

const (
	waiting     endState = iota // it has not been sent
	departed                    // it has ended the channel on this side
	mustDeliver                 // the same, but what goes ahead of it may open the channel again; it reaches the peer all the same
)

// Outcome is what became of an item.
type Outcome uint8

// Outcomes. The first group are answers of the receiving side, the second a sender's own.
const (
	Delivered Outcome = iota + 1 // the operating system of the recipient's node took the bytes
	Declined                     // a receive callback said no
	Dropped                      // a message callback emptied it
	NotFound                     // the recipient's session ended before its bytes were sent; or the user is not connected
	Busy                         // the recipient's queue is full
	TooLarge                     // the message does not fit into the recipient's frames
	Failed                       // a callback panicked
	Moved                        // that session is not there any more: nothing was delivered, the next lookup may succeed
	NoChannel                    // the session is there, but knows nothing of this epoch: nothing was delivered
	Stale                        // the epoch is not newer than one already seen: nothing was delivered

	Timeout    // no answer in time, or the link to its node has ended: unknown
	CutOff     // the cluster has not settled in time where the peer is
	Overloaded // this node's queue to the other is full: not sent
	Canceled   // the sender's session was replaced by a newer one before it was sent
)

// Outcomes is one more than the highest outcome: the length of a table by outcome.
const Outcomes = Canceled + 1

var outcomeNames = [Outcomes]string{
	"none", "delivered", "declined", "dropped", "not found", "busy", "too large", "failed", "moved", "no channel", "stale",
	"timeout", "cut off", "overloaded", "canceled",
}

// String is the outcome in words.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}

	return "unknown"
}

// Answer tells whether o is one that a receiving side gives.
func (o Outcome) Answer() bool { return o >= Delivered && o <= Stale }

// refused tells whether the receiving side has taken nothing from this number on.
func (o Outcome) refused() bool { return o == Moved || o == NoChannel || o == Stale }

// accepted tells whether the recipient's receive callbacks let it in: that opens a channel.
func (o Outcome) accepted() bool { return o == Delivered || o == Dropped }
