package core

// Conversation is a session's side of the pair with one peer: the channel, if there is one, and
// what is under way in both directions. It belongs to its Session, whose methods change it.
type Conversation struct {
	s    *Session
	peer string
	wire []byte // peer, for packets

	state channelState
	place Place // where the peer is, or was last known to be; nowhere: not known
	trust trust // in that place
	moved move  // the last that was told of the peer

	out     outbound
	in      inbound
	overdue overdue

	used         int64         // when something last passed, in Unix nanoseconds
	older, newer *Conversation // in Session.channels, while the channel is open
	listed       bool          // it is there
	all, pending int           // index in Session.all, and in Session.pending or -1

	// Token is the caller's, for the lookup that is out. Queued is the caller's, for what has
	// arrived and not reached the client.
	Token  uint64
	Queued int64
}

// channelState is whether the channel is open, and by what it was opened.
//
//	state:    event                                                        next
//	unopened: an older session's channel is taken over                     adopted
//	adopted:  an item of this session is accepted, here or at the peer     open
//	adopted:  it ends                                                      unopened
//	unopened: an item of this session is accepted, here or at the peer     open
//	open:     it ends                                                      closed
//	closed:   an item of this session is accepted, here or at the peer     open
//
// Only an unopened one takes over an older session's channel: else this session knows better where
// the peer is.
type channelState uint8

const (
	unopened channelState = iota
	adopted
	open
	closed
)

// isOpen tells whether both sides remember each other.
func (s channelState) isOpen() bool { return s == adopted || s == open }

// outbound is what goes to the peer.
type outbound struct {
	phase      phase
	offer      offer
	oneWay     bool   // a blank user's: it opens no channel, and remembers a place only while something is under way
	epoch      uint64 // of all items in flight
	above      uint64 // what was refused as stale named it: the next epoch must be newer
	next       uint32 // the next number in it
	via        Place  // where it goes; nowhere: a lookup has to tell
	needsEpoch bool   // what comes next begins an epoch
	tries      uint32 // refusals in a row
	stales     uint32 // those among them that were followed without a pause

	inflight []*Item // sent, not answered, by number
	queue    []*Item // not sent
}

// phase is how far the search for the peer is.
//
//	phase:    event                                  next      effect
//	steady:   an item, and no place is known         locating  Lookup
//	locating: OnLookupFound                          probing   Carry
//	locating: OnLookupFailed                         steady    Finish
//	locating: the deadline, or the session's end     steady    CancelLookup, Finish
//	probing:  it is answered, or its time is up      steady    Finish
//	probing:  stale, for the first time in a row     probing   Carry, in a newer epoch
//	probing:  refused, or the queue was full         pausing   Backoff
//	steady:   an item is refused                     pausing   Backoff
//	pausing:  Retry, or nothing waits any more       steady
type phase uint8

const (
	steady   phase = iota // there is none
	locating              // an item waits for the peer's place: it is all that is in flight
	probing               // it was carried to the place that a lookup gave, and is not answered
	pausing               // something was refused; Retry goes on
)

// offer is whether the epoch's first item asks the peer to open a channel, and what became of that.
//
//	offer:    event                                             next
//	none:     a lookup begins, for an item that does not end    offered
//	offered:  the item is accepted                              accepted: the channel is open
//	offered:  an end of the peer comes, sent after it           closedByPeer: its answer opens nothing
//	accepted: the channel ends                                  offered
//	any:      an epoch begins that is transmitted               none
type offer uint8

const (
	none offer = iota
	offered
	accepted
	closedByPeer
)

// trust is what a place is good for. Without all of it a lookup is needed.
//
//	trust:    event                                        next
//	sure:     an item is refused: the session is there     doubtful
//	sure:     an item is refused: the session is not       left
//	any:      a place is told, or learned from the peer    sure
type trust uint8

const (
	sure     trust = iota
	doubtful       // the session there knew of no channel: the end of its node is still its end
	left           // the session is not there any more, but may be told to have been replaced
)

// move is the replacement of one of the peer's sessions by a newer one. It may be told before the
// answer that names the older.
type move struct {
	old SID
	now Place
}

// inbound is what comes from the peer.
type inbound struct {
	epoch      uint64 // the newest taken
	floor      uint64 // no older epoch is taken, nor this one
	accepted   uint64 // the newest of which something was accepted, or ended the channel
	from       Place  // whose it is; nowhere once the channel has ended
	next       uint32 // the number that is due
	former     Place  // whose an earlier epoch was, if not the same
	superseded bool   // the place of the channel is a newer session of the peer than from
	fenced     bool   // one was refused: nothing more is taken in this epoch
	ended      uint64 // the newest when the channel last ended
	undecided  int    // taken, and still with the callbacks
}

func newConversation(s *Session, peer string) *Conversation {
	return &Conversation{s: s, peer: peer, wire: []byte(peer), out: outbound{needsEpoch: true}, pending: -1}
}

// Peer is the peer's user ID.
func (c *Conversation) Peer() string { return c.peer }

// Wire is the peer's user ID as bytes, not to be changed.
func (c *Conversation) Wire() []byte { return c.wire }

// Open tells whether there is a channel.
func (c *Conversation) Open() bool { return c.state.isOpen() }

// Used is when something last passed, in Unix nanoseconds.
func (c *Conversation) Used() int64 { return c.used }

// Place is where the peer is, as far as known.
func (c *Conversation) Place() Place {
	if c.trust == left {
		return Place{}
	}

	return c.place
}

// Waiting is the number of items that have no outcome yet.
func (c *Conversation) Waiting() int { return len(c.out.inflight) + len(c.out.queue) }

// quiet tells whether nothing is under way in either direction.
func (c *Conversation) quiet() bool {
	return c.Waiting() == 0 && c.in.undecided == 0 && c.out.phase == steady
}

// over tells whether there is nothing to remember. All that was sent has its true outcome.
func (c *Conversation) over() bool { return !c.Open() && c.quiet() && len(c.overdue) == 0 }

// closing tells whether the channel is about to end on this side: another end would find nothing.
func (c *Conversation) closing() bool {
	if n := len(c.out.queue); n > 0 {
		return c.out.queue[n-1].Kind.Ends()
	}

	return c.endInflight() && !c.Open()
}

// retired tells whether the session was replaced: nothing new is begun.
func (c *Conversation) retired() bool { return c.s.state == Replaced }

// opened says that an item of this session has opened the channel.
func (c *Conversation) opened() { c.state = open }

// resetOutbound ends the channel as far as sending goes.
func (c *Conversation) resetOutbound() {
	switch c.state {
	case adopted:
		c.state = unopened
	case open:
		c.state = closed
	case unopened, closed:
	}
	c.place, c.trust = Place{}, sure
	c.out.needsEpoch, c.in.superseded = true, false
	if c.out.offer == accepted {
		c.out.offer = offered
	}
}

// fenceInbound says that nothing that was taken so far, and nothing more of its epoch, opens the
// channel.
func (c *Conversation) fenceInbound() {
	c.in.from, c.in.former, c.in.fenced, c.in.superseded, c.in.ended = Place{}, Place{}, true, false, c.in.epoch
}

// at takes note of where the peer is.
func (c *Conversation) at(p Place) {
	if c.moved.now.Known() && p.SID == c.moved.old {
		p = c.moved.now
		c.in.superseded = c.in.superseded || c.in.from.SID == c.moved.old
	}
	c.place, c.trust = p, sure
}

// certain tells whether there is a place to transmit to.
func (c *Conversation) certain() bool { return c.place.Known() && c.trust == sure }

// close forgets the channel on this side. What is in flight stays until it is answered.
func (c *Conversation) close() {
	c.resetOutbound()
	c.fenceInbound()
}
