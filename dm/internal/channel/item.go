package channel

import "time"

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

// Item is one thing that a user sends to its peer. The machine moves items about and numbers them; what they carry is their owner's.
type Item struct {
	Kind     Kind
	Ver      uint8
	Cmd      uint16
	Body     []byte
	Deadline time.Time // when it ends in Timeout
	Owner    any       // who wants to know the outcome

	seq    uint32
	insist bool   // an end that is under way: it must reach the peer where it is then, found if need be
	parted bool   // it has ended the channel on this side
	heard  uint64 // the newest epoch taken then
}

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
	Moved                        // that session is not there any more: nothing was delivered, the next find may succeed
	NoChannel                    // the session is there, but knows nothing of this epoch: nothing was delivered
	Stale                        // the epoch is not newer than one already seen: nothing was delivered

	Timeout    // no answer in time, or the link to its node has ended: unknown
	CutOff     // the cluster has not settled in time where the peer is
	Overloaded // this node's queue to the other is full: not sent
	Canceled   // the sender's session was replaced by a newer one before it was sent
)

var outcomeNames = [...]string{
	"none", "delivered", "declined", "dropped", "not found", "busy", "too large", "failed", "moved", "no channel", "stale",
	"timeout", "cut off", "overloaded", "canceled",
}

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
