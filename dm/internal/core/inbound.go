package core

// Arrival is an item that has come from a peer.
type Arrival struct {
	Kind    Kind
	Found   bool // it was carried to a place that a lookup gave
	Blank   bool // its sender is a blank user: it opens nothing, and is compared with nothing
	NoReply bool // its sender does not wait for the answer
	From    Place
	Epoch   uint64
	Seq     uint32
	Heard   uint64 // of a transmitted item that begins an epoch, and of any that ends the channel: what Effect said; 0: not known
}

// callbackDone says that the callbacks are done with an item that was taken, and whether they
// accepted it. The first one accepted opens the channel.
func (c *Conversation) callbackDone(a *Arrival, yes bool) {
	c.in.undecided--
	if yes || a.Kind.Ends() {
		c.in.accepted = max(c.in.accepted, a.Epoch)
	}
	if yes && !a.Kind.Ends() && !c.retired() && a.Epoch > c.in.ended {
		if !c.Open() || a.From == c.in.from && !c.in.superseded { // else a newer session has written meanwhile, or was told of
			c.at(a.From)
		}
		c.opened()
	}
}
