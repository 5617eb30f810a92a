package channel

// Epochs returns an epoch of the user's session: newer than that one, than all that it returned before, and than the session's login.
type Epochs func(above uint64) uint64

// Channel is one user's side of a pair of users. Not safe for use by several goroutines: its owner locks.
//
// Methods that can cause actions take a slice and return it with the actions appended.
type Channel struct {
	epochs Epochs
	open   bool  // a message has passed: both sides remember the other
	place  Place // where the peer is, or was last known to be; nowhere: not known
	trust  trust // in that place
	moved  move  // the last that was told of the peer

	out     outbound
	in      inbound
	overdue overdue

	met     bool // it was open by an item of this session, not only by an older one's
	retired bool // the user's session was replaced: nothing new is begun
}

// outbound is what goes to the peer.
type outbound struct {
	asking  asking
	epoch   uint64 // of all items in flight
	above   uint64 // what was refused as stale named it: the next epoch must be newer
	next    uint32 // the next number in it
	via     Place  // where it goes; nowhere: a lookup has to tell
	spent   bool   // what comes next begins an epoch
	asked   bool   // the epoch began with a find that may open the channel
	opener  bool   // that find was accepted
	covered bool   // the peer has ended the channel after it took that find: its answer opens nothing
	tries   uint32 // refusals in a row
	stales  uint32 // those among them that were followed without a pause

	flight []*Item // sent, not answered, by number
	queue  []*Item // not sent
}

// asking is how far the search for the peer is.
type asking uint8

const (
	steady   asking = iota // there is none
	locating               // a find waits for the peer's place: it is all that is in flight
	finding                // it has been carried there, and is not answered
	pausing                // something was refused; Retry goes on
)

// trust is what a place is good for. Without all of it the peer must be found.
type trust uint8

const (
	sure     trust = iota
	doubtful       // the session there knew of no channel: the end of its node is still its end
	left           // the session is not there any more, but may be told to have been replaced
)

// move is the replacement of one of the peer's sessions by a newer one. It may be told before the answer that names the older.
type move struct {
	old SID
	now Place
}

// inbound is what comes from the peer.
type inbound struct {
	epoch     uint64 // the newest taken
	floor     uint64 // no older epoch is taken, nor this one
	accepted  uint64 // the newest of which something was accepted, or ended the channel
	from      Place  // whose it is; nowhere once the channel has ended
	next      uint32 // the number that is due
	former    Place  // whose an earlier epoch was, if not the same
	old       bool   // the place of the channel is a newer session of the peer
	broken    bool   // one was refused: nothing more is taken in this epoch
	ended     uint64 // the newest when the channel last ended
	undecided int    // taken, and still with the callbacks
}

// New returns a machine for a pair that has no channel yet.
func New(epochs Epochs) *Channel {
	return &Channel{epochs: epochs, out: outbound{spent: true}}
}

// After says which epoch of the peer an older session of the user has taken: nothing of it or an older one is for this machine.
func (c *Channel) After(epoch uint64) { c.in.epoch = max(c.in.epoch, epoch) }

// Floor sets the newest epoch that machines of the session have accepted which are forgotten: nothing of it or an older one is taken. So
// what a sender's older session has sent does not come after what its newer one has, though the pair's machine is another.
func (c *Channel) Floor(epoch uint64) { c.in.floor = max(c.in.floor, epoch) }

// Newest is the newest epoch that the machine has taken.
func (c *Channel) Newest() uint64 { return c.in.epoch }

// Accepted is the newest epoch of which the machine has accepted something: what a machine that is thrown away leaves to the floor. What
// was declined does not count: else strangers whom a user declines would raise the floor against each other, and only one of them would
// be heard in the time of a round trip.
func (c *Channel) Accepted() uint64 { return c.in.accepted }

// Open tells whether the channel is open.
func (c *Channel) Open() bool { return c.open }

// Place is where the peer is, as far as known.
func (c *Channel) Place() Place {
	if c.trust == left {
		return Place{}
	}

	return c.place
}

// Waiting is the number of items that have no outcome yet.
func (c *Channel) Waiting() int { return len(c.out.flight) + len(c.out.queue) }

// Quiet tells whether nothing is under way in either direction.
func (c *Channel) Quiet() bool {
	return c.Waiting() == 0 && c.in.undecided == 0 && c.out.asking == steady
}

// Over tells whether there is nothing to remember: the machine may be thrown away. All that was sent has its true outcome.
func (c *Channel) Over() bool { return !c.open && c.Quiet() && len(c.overdue) == 0 }

// Ending tells whether the channel is about to end on this side: another end would find nothing.
func (c *Channel) Ending() bool {
	if n := len(c.out.queue); n > 0 {
		return c.out.queue[n-1].Kind.Ends()
	}

	return c.ending() && !c.open
}

func (c *Channel) shut() {
	c.open = false
	c.place, c.trust = Place{}, sure
	c.out.opener, c.out.spent, c.in.old = false, true, false
}

// hush says that nothing that was taken so far, and nothing more of its epoch, opens the channel.
func (c *Channel) hush() {
	c.in.from, c.in.former, c.in.broken, c.in.old, c.in.ended = Place{}, Place{}, true, false, c.in.epoch
}

// at takes note of where the peer is.
func (c *Channel) at(p Place) {
	if c.moved.now.Known() && p.SID == c.moved.old {
		p = c.moved.now
		c.in.old = c.in.old || c.in.from.SID == c.moved.old
	}
	c.place, c.trust = p, sure
}

// certain tells whether there is a place to transmit to.
func (c *Channel) certain() bool { return c.place.Known() && c.trust == sure }

// end forgets the channel on this side. What is in flight stays until it is answered.
func (c *Channel) end() {
	c.shut()
	c.hush()
}
