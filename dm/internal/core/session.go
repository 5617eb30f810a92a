package core

// Limits bound what a session may hold.
type Limits struct {
	Items    int // without an outcome, to one peer
	AllItems int // the same, to all peers
	Bytes    int // of the bodies of all those
	Channels int // open ones: beyond it the least recently used is dropped
}

// Config is what a session is made of.
type Config struct {
	User  string
	Place Place  // of the session itself
	Login uint64 // the stamp of its login; 0: none
	Blank bool   // a blank user's: what it sends opens no channel, and nothing is for it
	// Stamp returns a moment of the cluster's clock, newer than all that it has returned.
	Stamp func() uint64
	// Linked tells whether a node is this one or has a link to it. It is false from before NodeDown
	// is called.
	Linked func(Node) bool
	Limits Limits
	// Timeout is how long an item may wait for its outcome, in nanoseconds. Items that the session
	// makes by itself have it.
	Timeout int64
}

// State is how far the life of a session is.
//
//	state:    event                                        next      effect
//	Active:   Close: the user has left                     Closing   a Leave for each channel
//	Closing:  all that it has sent has its true outcome    Closed    Drained
//	any:      Replace: a newer login                       Replaced  HandOver for each channel; Drained is still to come if it was Closing
//	Active:   MarkClosed: it was over before it took part  Closed
//	Active:   Park: the user is expected back elsewhere    Active      from then on it takes no messages
//
// What each does with an arrival and with what the user sends:
//
//	state:    an arrival                       an end that arrives     a send
//	Active:   is taken                         is taken                is sent
//	parked:   Moved: a newer one may be there  is taken                is sent
//	Closing:  NotFound, behind the farewell    is taken                is sent, and opens nothing
//	Closed:   Moved: a newer one may be there  is taken                is sent, and opens nothing
//	Replaced: Moved                            is refused, with Moved  Canceled
type State uint8

// The states of a session.
const (
	Active State = iota
	Closing
	Closed
	Replaced
)

var stateNames = [...]string{"active", "closing", "closed", "replaced"}

// String is the state in words.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}

	return "unknown"
}

// Session is one session of a user with all its conversations. Events are method calls; those that
// can cause effects take a slice and return it with the effects appended, to be performed in that
// order. Now is always in Unix nanoseconds. Not safe for use by several goroutines: its owner
// locks.
type Session struct {
	cfg   Config
	state State
	next  Place // of one that was replaced: where the user's newer session is

	parked      bool  // see Park
	owesDrained bool  // Close was called, and Drained has not come out
	retainUntil int64 // of one that was replaced: until when it is remembered, for what still comes to it
	handed      []Handed

	now   int64  // of the event that is being handled
	epoch uint64 // the newest of what this session sends
	floor uint64 // the newest epoch that was accepted by conversations which are forgotten

	byPeer   map[string]*Conversation
	recent   *Conversation // the one that With has found last: the next event is often of the same; may be nil
	all      []*Conversation
	pending  []*Conversation // those with items that wait for an outcome
	channels lruList         // the open ones
	items    int             // without an outcome
	bytes    int             // of their bodies
}

// NewSession returns an active session with no conversations.
func NewSession(cfg Config) *Session {
	return &Session{cfg: cfg, byPeer: make(map[string]*Conversation)}
}

// State is how far the session's life is.
func (s *Session) State() State { return s.state }

// Place is where the session is.
func (s *Session) Place() Place { return s.cfg.Place }

// Next is where the user's newer session is; nowhere if this one was not replaced.
func (s *Session) Next() Place { return s.next }

// MarkClosed says that the session was over before it took part: it may send, but keeps no channel.
func (s *Session) MarkClosed() { s.state = Closed }

// Waiting is the number of items that have no outcome yet, Bytes that of the bytes of their bodies.
func (s *Session) Waiting() int { return s.items }

// Bytes is the number of bytes of items that have no outcome yet.
func (s *Session) Bytes() int { return s.bytes }

// Channels is the number of open channels.
func (s *Session) Channels() int { return s.channels.len }

// Conversations lists the conversations, in no order. The list is the session's own.
func (s *Session) Conversations() []*Conversation { return s.all }

// With returns the conversation with a peer, nil if there is none. It allocates nothing.
func (s *Session) With(peer []byte) *Conversation {
	if s.recent == nil || s.recent.peer != string(peer) {
		s.recent = s.byPeer[string(peer)]
	}

	return s.recent
}

// Conversation returns the conversation with a peer, made if need be. One that was made and given
// nothing is to be given to Release.
func (s *Session) Conversation(peer string) *Conversation {
	c := s.byPeer[peer]
	if c == nil {
		c = newConversation(s, peer)
		c.in.floor = s.floor
		c.out.oneWay = s.cfg.Blank
		if s.state == Replaced { // the newer session's messages come after all of this one's
			c.close()
		}
		c.all = len(s.all)
		s.all = append(s.all, c)
		s.byPeer[peer] = c
	}

	return c
}

// Release forgets a conversation that has nothing to remember.
func (s *Session) Release(fx []Effect, c *Conversation) []Effect { return s.settled(fx, c) }

// Forgettable tells whether the session may be thrown away: nothing need be remembered of it.
func (s *Session) Forgettable(now int64) bool {
	switch {
	case len(s.all) > 0:
		return false
	case s.cfg.Blank:
		return true
	case s.state == Replaced:
		return now >= s.retainUntil
	}

	return s.state == Closed
}

// Overdue is the number of items whose senders were told Timeout and which are not answered yet.
func (s *Session) Overdue() (n int) {
	for _, c := range s.all {
		for _, r := range c.overdue {
			n += int(r.to - r.from)
		}
	}

	return n
}

// touch notes that something passes now.
func (s *Session) touch(c *Conversation, now int64) {
	s.now, c.used = now, now
	if c.listed && c != s.channels.newest {
		s.channels.remove(c)
		s.channels.pushNewest(c)
	}
}

// settled is called when an event of a conversation is over: it deals with a channel that has
// opened or ended, and forgets a conversation that is over.
func (s *Session) settled(fx []Effect, c *Conversation) []Effect {
	fx = s.endLate(fx, c)
	s.list(c)
	switch waits := c.Waiting() > 0; {
	case waits && c.pending < 0:
		c.pending = len(s.pending)
		s.pending = append(s.pending, c)
	case !waits && c.pending >= 0:
		s.pending = remove(s.pending, c.pending, func(moved *Conversation, i int) { moved.pending = i })
		c.pending = -1
	}

	return s.collect(fx, c)
}

// list keeps the list of channels.
func (s *Session) list(c *Conversation) {
	switch {
	case c.Open() && !c.listed:
		s.channels.pushNewest(c)
	case !c.Open() && c.listed:
		s.channels.remove(c)
	}
}

// collect forgets a conversation that is over, and says when the last one of a closing session is.
func (s *Session) collect(fx []Effect, c *Conversation) []Effect {
	if c.over() && c.all >= 0 {
		s.floor = max(s.floor, c.in.accepted)
		delete(s.byPeer, c.peer)
		if s.recent == c {
			s.recent = nil
		}
		s.all = remove(s.all, c.all, func(moved *Conversation, i int) { moved.all = i })
		c.all = -1
	}

	return s.drained(fx)
}

// drained says that a closing session has nothing under way any more.
func (s *Session) drained(fx []Effect) []Effect {
	if len(s.all) > 0 || !s.owesDrained {
		return fx
	}
	s.owesDrained = false
	if s.state == Closing {
		s.state = Closed
	}

	return append(fx, Effect{Kind: Drained, Epoch: s.NewestEpoch()})
}

// remove takes the i-th conversation out of a list, the last one into its place, of which place is
// told.
func remove(list []*Conversation, i int, place func(c *Conversation, i int)) []*Conversation {
	last := len(list) - 1
	list[i] = list[last]
	place(list[i], i) // also where it is the one that goes: the caller marks that afterwards
	list[last] = nil

	return list[:last]
}

// deadline is that of an item that the session makes now.
func (s *Session) deadline() int64 { return s.now + s.cfg.Timeout }

// NewestEpoch is the newest epoch that the session has used; the stamp of its login if it has used
// none.
func (s *Session) NewestEpoch() uint64 { return max(s.epoch, s.cfg.Login) }

// Epoch is the newest epoch that the session has used, 0 if it has used none.
func (s *Session) Epoch() uint64 { return s.epoch }
