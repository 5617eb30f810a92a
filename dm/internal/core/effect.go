package core

// EffectKind is what an effect asks for.
type EffectKind uint8

// The effects.
const (
	// Lookup: look up the place of Conv's peer; bring back OnLookupFound or OnLookupFailed with the
	// Epoch.
	Lookup EffectKind = iota + 1
	// CancelLookup: the lookup that Conv's last Lookup asked for is not wanted any more.
	CancelLookup
	// Carry: carry Item to the session at To, as number 0 of the Epoch; bring back OnAnswer or
	// OnUnsent.
	Carry
	// Transmit: carry Item to the session at To, as number Seq of the Epoch; bring back OnAnswer or
	// OnUnsent.
	Transmit
	// Finish: Item has its Outcome. The core is done with it.
	Finish
	// Backoff: call Retry for Conv a moment later; it has had Tries refusals in a row.
	Backoff
	// Cleared: the channel of Conv has ended without a word from the peer, which is gone. Tell the
	// user who stayed.
	Cleared
	// Answer: send Reply to the session at To, which has sent the item that Reply is about.
	Answer
	// HandOver: give Handover to the node To.Node, where the user's newer session is.
	HandOver
	// Relocate: tell Relocation to the node To.Node, where the peer is.
	Relocate
	// Drained: all that a closing session has sent has its true outcome. Epoch is the newest that
	// it has used. Once for each session.
	Drained
)

var effectNames = [...]string{
	"none", "lookup", "cancel lookup", "carry", "transmit", "finish", "backoff", "cleared", "answer", "hand over", "relocate", "drained",
}

// String is the effect in words.
func (k EffectKind) String() string {
	if int(k) < len(effectNames) {
		return effectNames[k]
	}

	return "unknown"
}

// Effect is what a session wants done. The effects of one session are performed in the order in
// which they came out.
type Effect struct {
	Kind    EffectKind
	Outcome Outcome // Finish
	NoReply bool    // Carry, Transmit, Answer: the sender does not wait for the answer
	Seq     uint32  // Transmit
	Tries   uint32  // Backoff
	Epoch   uint64  // Lookup, Carry, Transmit, Drained
	Heard   uint64  // Carry, Transmit: the newest epoch taken from the peer; it travels with what Arrival says
	Conv    *Conversation
	Item    *Item // Carry, Transmit, Finish; Lookup: what is to be carried
	To      Place // Carry, Transmit, Answer; HandOver and Relocate: the node
	Reply   Reply // Answer

	Handover   *Handover   // HandOver
	Relocation *Relocation // Relocate
}
