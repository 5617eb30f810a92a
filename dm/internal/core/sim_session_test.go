package core

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

const patience = 3_000_000_000 // of a message, in nanoseconds

// perLogin is how many epochs there are between two logins.
const perLogin = 1000

// session is one user's connection, or a blank user: the real core, and what the runtime keeps
// beside it.
type session struct {
	user   string
	at     Place
	node   *simNode
	core   *Session
	stamp  uint64         // of the login
	lookup map[string]int // by peer; counts lookups, also when one is given up
	told   uint64         // the epoch of the last lookup that was answered at once
	known  map[string]bool
	blank  bool
	hasty  bool // the directory has forgotten the user before its farewells are answered
	gone   bool // all that it has sent has its true outcome, after it has left
}

func (x *session) replaced() bool { return x.core.State() == Replaced }
func (x *session) leaving() bool  { return x.core.State() == Closing || x.core.State() == Closed }

// peers lists those with which there is a conversation.
func (x *session) peers() (list []string) {
	for _, c := range x.core.Conversations() {
		list = append(list, c.Peer())
	}
	slices.Sort(list)

	return list
}

func (x *session) with(peer string) *Conversation { return x.core.With([]byte(peer)) }

// begin gives a session a core of its own.
func (s *sim) begin(x *session) {
	x.core = NewSession(Config{
		User: x.user, Place: x.at, Login: x.stamp * perLogin, Blank: x.blank, Timeout: patience,
		Stamp:  func() uint64 { return x.stamp * perLogin }, // no login is newer than what was refused as stale
		Linked: func(n Node) bool { return s.linked(x.node, n) },
		Limits: Limits{Items: math.MaxInt, AllItems: math.MaxInt, Bytes: math.MaxInt, Channels: math.MaxInt},
	})
}

func (s *sim) newSession(user string, n *simNode) *session {
	x := &session{user: user, node: n, lookup: map[string]int{}, known: map[string]bool{}}
	x.at.Node = n.id
	binary.BigEndian.PutUint64(x.at.SID[:], uint64(s.eventID)<<16|uint64(len(s.all)+1))
	s.stamp++
	x.stamp = s.stamp - min(s.stamp, n.behind)
	s.all = append(s.all, x)
	n.sess[x.at.SID] = x

	return x
}

func (s *sim) login(user string, n *simNode) {
	x := s.newSession(user, n)
	old := s.dir[user]
	if old != nil { // its node has named the newest epoch
		x.stamp = max(x.stamp, old.core.NewestEpoch()/perLogin+1)
	}
	s.begin(x)
	s.dir[user] = x
	if old == nil {
		return
	}
	for _, peer := range old.peers() {
		s.early(user, peer)
	}
	s.do(old, old.core.Replace(nil, s.now, x.at, s.now), nil) // before the newer one can send: its login is not answered before
}

// blank makes a user without a client, of any ID.
func (s *sim) blank(name, user string, n *simNode) {
	x := s.newSession(user, n)
	x.blank = true
	s.begin(x)
	s.blanks[name] = x
}

// handOver brings a handover to the user's newer session, and to a still newer one where that was
// replaced.
func (s *sim) handOver(x *session, e Effect) {
	h := *e.Handover
	to := s.nodes[e.To.Node.Name]
	for _, k := range h.Channels {
		if !s.carries(x.node, e.To.Node) {
			s.tainted[pairOf(x.user, k.Peer)] = true

			return
		}
		s.post(&event{name: "handover " + wayOf(x.node, to), handover: true, from: x.node, to: to, between: pairOf(x.user, k.Peer), run: func() {
			y := to.sess[h.Now]
			if y == nil || y.gone { // nothing is left to say goodbye
				s.tainted[pairOf(x.user, k.Peer)] = true

				return
			}
			if y.replaced() {
				h.Now = y.core.Next().SID
				s.handOver(y, Effect{To: y.core.Next(), Handover: &h})

				return
			}
			s.sayf("%s takes over the channel with %s", y, k.Peer)
			s.do(y, y.core.TakeOver(nil, s.now, &h), nil)
		}})
	}
}

// relocate tells a peer where the user is now, on the way that everything else will take.
func (s *sim) relocate(x *session, e Effect) {
	r, way := *e.Relocation, x.node.id.Name+"->"+e.To.Node.Name
	n := s.nodes[e.To.Node.Name]
	p := pairOf(r.User, s.userOf(e.To.Node, r.Peer))
	if !s.carries(x.node, e.To.Node) {
		s.tainted[p] = true

		return
	}
	s.post(&event{name: "deliver " + way, handover: true, lane: "way/" + way, from: x.node, to: n, between: p, run: func() {
		y := n.sess[r.Peer]
		if y == nil || y.gone {
			return
		}
		if !y.replaced() {
			s.sayf("%s hears that %s is at %s now", y, r.User, r.Now.Node.Name)
		}
		s.do(y, y.core.OnRelocation(nil, s.now, &r), nil)
	}})
}

func (s *sim) userOf(n Node, sid SID) string {
	for _, x := range s.all {
		if x.at == (Place{Node: n, SID: sid}) {
			return x.user
		}
	}

	return ""
}

func (s *sim) send(x *session, to string, kind Kind, text string) *letter {
	if x.blank && x.core.Forgettable(s.now) { // the runtime has forgotten it
		s.stamp++
		x.stamp = s.stamp
		s.begin(x)
	}
	l := s.newLetter(x, to, kind, text)
	if kind.Ends() {
		s.early(x.user, to)
	}
	it := &Item{Kind: kind, Body: []byte(text), Deadline: s.now + patience, Owner: l}
	c := x.core.Conversation(to)
	x.core.now = s.now
	if kind.Ends() {
		s.do(x, x.core.submit(nil, c, it), nil)
	} else {
		s.do(x, x.core.Send(nil, s.now, c, it), nil)
	}

	return l
}

func (s *sim) newLetter(x *session, to string, kind Kind, text string) *letter {
	l := &letter{n: len(s.letters) + 1, by: x, from: x.user, to: to, kind: kind, text: text}
	s.letters = append(s.letters, l)

	return l
}

// letterOf is the letter of an item; those that a session makes by itself get one when they are
// first seen.
func (s *sim) letterOf(x *session, c *Conversation, it *Item) *letter {
	if l, ok := it.Owner.(*letter); ok {
		return l
	}
	l := s.newLetter(x, c.Peer(), it.Kind, string(it.Body))
	it.Owner = l

	return l
}

// leave sends a farewell to all peers. Until all have answered, the node holds the user: a lookup
// is answered "not found", and a newer login replaces the session as it would any other. A hasty
// leave forgets the user first.
func (s *sim) leave(x *session, text string, hasty bool) {
	for _, peer := range x.peers() {
		s.early(x.user, peer)
	}
	if hasty {
		delete(s.dir, x.user)
		x.hasty = true
	}
	fx := x.core.Close(nil, s.now, func(c *Conversation) *Item {
		return &Item{Kind: Leave, Body: []byte(text), Deadline: s.now + patience, Owner: s.newLetter(x, c.Peer(), Leave, text)}
	})
	if hasty {
		x.core.state = Closed
	}
	s.do(x, fx, nil)
}

// drained says that all that a session has sent has its true outcome.
func (s *sim) drained(x *session) {
	if x.replaced() {
		return
	}
	x.gone = true
	if s.dir[x.user] == x {
		delete(s.dir, x.user)
	}
}

// early notes that a channel is ended, moved again or forgotten while it is still being handed
// over, or may yet be: a notice that is lost because the two sides changed the same thing at the
// same moment. The next message heals it.
func (s *sim) early(user, peer string) {
	p := pairOf(user, peer)
	s.tainted[p] = s.tainted[p] || slices.ContainsFunc(s.queue, func(e *event) bool { return e.handover && e.between == p }) ||
		slices.ContainsFunc(s.all, func(old *session) bool {
			return old.replaced() && old.user == user && old.with(peer) != nil
		})
}

// forgets notes which conversations a session has forgotten.
func (s *sim) forgets(x *session) {
	for peer := range x.known {
		if x.with(peer) == nil {
			s.early(x.user, peer)
			delete(x.known, peer)
		}
	}
	for _, c := range x.core.Conversations() {
		x.known[c.Peer()] = true
	}
}

func (x *session) String() string {
	mark := ""
	switch {
	case x.gone:
		mark = " (gone)"
	case x.replaced():
		mark = " (replaced)"
	case x.leaving():
		mark = " (leaving)"
	}

	return fmt.Sprintf("%s@%s%s", x.user, x.node.id.Name, mark)
}
