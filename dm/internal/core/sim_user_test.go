package core

import (
	"encoding/binary"
	"slices"
	"time"
)

const patience = 3 * time.Second

// login is how many epochs there are between two logins.
const perLogin = 1000

// epochs counts up from the stamp of the session's login.
func (x *session) epochs(above uint64) uint64 {
	x.epoch = max(x.epoch, above) + 1

	return x.epoch
}

func (s *sim) login(user string, n *simNode) {
	x := &session{user: user, node: n, chans: map[string]*Channel{}, lookup: map[string]int{}}
	x.at.Node = n.id
	binary.BigEndian.PutUint64(x.at.SID[:], uint64(s.eventID)<<16|uint64(len(s.all)+1))
	old := s.dir[user]
	s.stamp++
	x.epoch = (s.stamp - min(s.stamp, n.behind)) * perLogin
	if old != nil { // its node has named the newest epoch
		x.epoch = max(x.epoch, old.epoch/perLogin*perLogin+perLogin)
	}
	s.dir[user] = x
	s.all = append(s.all, x)
	n.sess[x.at.SID] = x
	if old == nil {
		return
	}
	old.retired = true // before the newer one can send: its login is not answered before
	for _, peer := range old.peers() {
		s.retire(old, peer)
	}
}

// retire ends what a replaced session has with a peer, and hands the channel over.
func (s *sim) retire(x *session, peer string) {
	s.early(x.user, peer)
	acts, at, was := x.chans[peer].Retire(nil)
	newest := x.chans[peer].Newest()
	s.do(x, peer, acts)
	if was && peer != x.user { // with oneself there is nobody to tell: the next message finds
		s.handOver(x, x, peer, at, newest)
	}
}

// handOver tells the user's newer session of a channel, and that one tells the peer.
func (s *sim) handOver(known, x *session, peer string, at Place, newest uint64) {
	to := s.dir[x.user]
	if to == nil || to == x {
		s.tainted[pairOf(x.user, peer)] = true // the newer one is gone already: nobody is left to say goodbye

		return
	}
	if !s.carries(x.node, to.node.id) {
		s.tainted[pairOf(x.user, peer)] = true

		return
	}
	s.post(&event{name: "handover " + wayOf(x.node, to.node), handover: true, from: x.node, to: to.node, between: pairOf(x.user, peer), run: func() {
		switch {
		case to.retired:
			s.handOver(known, to, peer, at, newest)
		default:
			s.sayf("%s takes over the channel with %s", to, peer)
			s.channel(to, peer).After(newest)
			s.channel(to, peer).Adopt(at)
			if !s.linked(to.node, at.Node) { // heard of before
				s.do(to, peer, s.channel(to, peer).NodeDown(nil, at.Node))

				return
			}
			s.relocated(known, to, peer, at)
			if to.leaving { // it comes too late: the peer has to hear of the leaving all the same
				s.send(to, peer, Leave, "")
			}
		}
	}})
}

// relocated tells the peer where the user is now, on the way that everything else will take.
func (s *sim) relocated(known, x *session, peer string, at Place) {
	n, way := s.nodes[at.Node.Name], x.node.id.Name+"->"+at.Node.Name
	if !s.carries(x.node, at.Node) {
		s.tainted[pairOf(x.user, peer)] = true

		return
	}
	s.post(&event{name: "deliver " + way, handover: true, lane: "way/" + way, from: x.node, to: n, between: pairOf(x.user, peer), run: func() {
		y := n.sess[at.SID]
		switch {
		case y == nil || !s.linked(n, x.at.Node):
		case y.retired: // both have moved: it is the newer session that has to know
			if to := s.dir[peer]; to != nil {
				s.relocated(known, x, peer, to.at)
			}
		default:
			s.sayf("%s hears that %s is at %s now", y, x.user, x.node.id.Name)
			s.channel(y, x.user).Relocate(known.at.SID, x.at)
		}
	}})
}

// channel returns the machine for a peer, a new one if need be.
func (s *sim) channel(x *session, peer string) *Channel {
	c := x.chans[peer]
	if c == nil {
		c = New(x.epochs)
		c.Floor(x.floor)
		x.chans[peer] = c
	}

	return c
}

func (s *sim) send(x *session, to string, kind Kind, text string) *letter {
	l := &letter{n: len(s.letters) + 1, by: x, from: x.user, to: to, kind: kind, text: text}
	s.letters = append(s.letters, l)
	if kind.Ends() {
		s.early(x.user, to)
	}
	it := &Item{Kind: kind, Body: []byte(text), Deadline: s.now.Add(patience), Owner: l}
	s.do(x, to, s.channel(x, to).Send(nil, it))

	return l
}

// leave says goodbye to everyone. Until all have answered, the node holds the user: who asks is told that nobody is there, and
// a newer login replaces the session as it would any other. A hasty one forgets the user first.
func (s *sim) leave(x *session, text string, hasty bool) {
	x.leaving = true
	if hasty {
		delete(s.dir, x.user)
	}
	for _, peer := range x.peers() {
		s.send(x, peer, Leave, text)
	}
	s.farewells()
}

// farewells lets those go who have said all their goodbyes.
func (s *sim) farewells() {
	for _, x := range s.all {
		if !x.leaving || x.retired || x.gone {
			continue
		}
		over := true
		for _, c := range x.chans {
			over = over && c.Over()
		}
		if over {
			x.gone = true
			if s.dir[x.user] == x {
				delete(s.dir, x.user)
			}
		}
	}
}

// early notes that a channel is ended, moved again or forgotten while it is still being handed over, or may yet be: a notice that is lost
// because the two sides changed the same thing at the same moment. The next message heals it.
func (s *sim) early(user, peer string) {
	p := pairOf(user, peer)
	s.tainted[p] = s.tainted[p] || slices.ContainsFunc(s.queue, func(e *event) bool { return e.handover && e.between == p }) ||
		slices.ContainsFunc(s.all, func(old *session) bool {
			return old.retired && old.user == user && old.chans[peer] != nil && !old.chans[peer].Over()
		})
}

// sweep throws away the machines that have nothing to remember.
func (s *sim) sweep() {
	for _, x := range s.all {
		for _, peer := range x.peers() {
			if c := x.chans[peer]; c.Over() {
				s.early(x.user, peer)
				x.floor = max(x.floor, c.Accepted())
				delete(x.chans, peer)
			}
		}
	}
}
