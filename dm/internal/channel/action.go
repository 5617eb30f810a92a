package channel

// Do is what an action asks for.
type Do uint8

// The actions.
const (
	// Find: look up the place of the peer, to carry the item there; bring back Located or Nobody.
	Find Do = iota + 1
	// Cancel: the lookup that the last Find asked for is not wanted any more.
	Cancel
	// Carry: carry the item to the session at To, as number 0 of the epoch; bring back Answered or Unsent.
	Carry
	// Transmit: carry the item to the session at To, as number Seq of the epoch; bring back Answered or Unsent.
	Transmit
	// Finish: the item has its Outcome. The machine is done with it.
	Finish
	// Again: call Retry a moment later; the Seq-th time in a row.
	Again
	// Cleared: the channel has ended without a word from the peer: it is gone.
	Cleared
)

var doNames = [...]string{"none", "find", "cancel", "carry", "transmit", "finish", "again", "cleared"}

func (d Do) String() string {
	if int(d) < len(doNames) {
		return doNames[d]
	}

	return "unknown"
}

// Action is what a machine wants done. Actions of one machine must be done in the order in which they came out.
type Action struct {
	Do      Do
	Item    *Item   // Find, Carry, Transmit, Finish
	To      Place   // Carry, Transmit
	Epoch   uint64  // Find, Carry, Transmit
	Seq     uint32  // Transmit, Again
	Outcome Outcome // Finish
	Heard   uint64  // Carry, Transmit: the newest epoch taken from the peer; it travels with what Arrival says
}
