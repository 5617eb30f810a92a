package core

import (
	"fmt"
	"time"
)

// packet is an item on its way, with what its answer needs.
type packet struct {
	s    *sim
	from *session
	to   string // the peer
	l    *letter
	a    Arrival
	link pair // that it took
	life int  // of that link
}

// do does what a machine asks for, in order.
func (s *sim) do(x *session, peer string, acts []Action) {
	for _, a := range acts {
		switch a.Do {
		case Find:
			s.find(x, peer, a)
		case Cancel:
			x.lookup[peer]++
		case Carry, Transmit:
			s.carry(x, peer, a)
		case Finish:
			l := a.Item.Owner.(*letter)
			l.finished++
			l.outcome = a.Outcome
			if a.Outcome == Timeout || a.Outcome == Overloaded || a.Outcome == CutOff || a.Outcome == Canceled && l.kind.Ends() {
				s.tainted[pairOf(x.user, peer)] = true
			}
			s.sayf("%s: %v to %s: %v", x, l, peer, a.Outcome)
		case Again:
			s.post(&event{
				name: "retry " + x.user + " " + peer, lane: fmt.Sprintf("again/%x/%s", x.at.SID, peer), due: s.now.Add(time.Duration(a.Seq) * 10 * time.Millisecond),
				run: func() {
					if c := x.chans[peer]; c != nil && !x.node.dead {
						s.do(x, peer, c.Retry(nil))
					}
				},
			})
		case Cleared:
			s.sayf("%s is told: %s is gone", x, peer)
		}
	}
	switch c := x.chans[peer]; { // a late answer may have opened it
	case c == nil || !c.Open():
	case x.retired:
		s.retire(x, peer)
	case x.leaving && c.Waiting() == 0:
		s.send(x, peer, Leave, "")
	}
}

// find asks the directory, which is always right when it decides. Its answer comes at once, unless lookups take time.
func (s *sim) find(x *session, peer string, a Action) {
	x.lookup[peer]++
	token, l := x.lookup[peer], a.Item.Owner.(*letter)
	said := fmt.Sprintf("%s looks for %s with %v (%d.0)", x, peer, l, a.Epoch)
	decide := func() (answer func() []Action) {
		holder := s.dir[peer]
		if a.Item.Kind.Ends() && holder == nil {
			s.early(peer, x.user)
		}
		switch c := x.chans[peer]; {
		case c == nil:
			return nil
		case x.node.cutOff:
			return func() []Action { return c.Nobody(nil, a.Epoch, CutOff) }
		case holder == nil:
			return func() []Action { return c.Nobody(nil, a.Epoch, NotFound) }
		default:
			at := holder.at

			return func() []Action { return c.Located(nil, a.Epoch, at) }
		}
	}
	tell := func(answer func() []Action) func() {
		return func() {
			if token != x.lookup[peer] {
				s.cancelled++ // and the machine must not mind that it comes all the same
			}
			s.do(x, peer, answer())
		}
	}
	here := &event{name: "lookup " + x.user + " " + peer, from: x.node, to: x.node, between: pairOf(x.user, peer)}
	switch answer := decide(); {
	case s.slow:
		s.sayf("%s", said)
		here.run = func() {
			late := decide()
			if late == nil {
				return
			}
			if x.node.cutOff || s.dir[peer] == nil {
				s.sayf("%s does not find %s", x, peer)
			}
			s.post(&event{name: here.name, from: x.node, to: x.node, between: here.between, run: tell(late)})
		}
		s.post(here)
	case x.node.cutOff || s.dir[peer] == nil:
		s.sayf("%s: nobody", said)
		here.run = tell(answer)
		s.post(here)
	default:
		s.sayf("%s", said)
		x.told = a.Epoch
		tell(answer)()
	}
}

// carry carries an item to a session.
func (s *sim) carry(x *session, peer string, a Action) {
	p := packet{
		s: s, from: x, to: peer, l: a.Item.Owner.(*letter), link: pairOf(x.node.id.Name, a.To.Node.Name),
		a: Arrival{Kind: a.Item.Kind, Found: a.Do == Carry, From: x.at, Epoch: a.Epoch, Seq: a.Seq, Heard: a.Heard},
	}
	p.life = s.lives[p.link]
	if a.Item.Kind.Ends() && a.Heard == 0 { // an end that crosses a find of the peer may be taken for one of after it: the next message heals that
		s.tainted[pairOf(x.user, peer)] = true
	}
	way := x.node.id.Name + "->" + a.To.Node.Name
	unsent := func(o Outcome) {
		s.post(&event{name: "unsent " + way, lane: "unsent/" + way, from: x.node, to: x.node, between: pairOf(x.user, peer), run: func() {
			if c := x.chans[peer]; c != nil {
				s.do(x, peer, c.Unsent(nil, a.Epoch, a.Seq, o))
			}
		}})
	}
	switch {
	case a.Do == Transmit:
		s.sayf("%s sends %v to %s at %s (%d.%d)", x, p.l, peer, a.To.Node.Name, a.Epoch, a.Seq)
	case x.told != a.Epoch:
		s.sayf("%s carries %v to %s at %s (%d.0)", x, p.l, peer, a.To.Node.Name, a.Epoch)
	}
	switch n := s.nodes[a.To.Node.Name]; {
	case !s.linked(x.node, a.To.Node):
		unsent(Moved)
	case x.node.full[way]:
		unsent(Overloaded)
	case !s.carries(x.node, a.To.Node):
		s.tainted[pairOf(x.user, peer)] = true // lost, and nobody knows yet
	default:
		s.post(&event{name: "deliver " + way, lane: "way/" + way, from: x.node, to: n, between: pairOf(x.user, peer), run: func() {
			if y := n.sess[a.To.SID]; y != nil && !y.retired && !y.gone {
				p.arrive(y)
			} else {
				p.answer(n, Reply{Outcome: Moved, Since: a.Seq})
			}
		}})
	}
}

// arrive is the receiving side.
func (p packet) arrive(y *session) {
	if p.a.Kind.Ends() {
		p.s.early(y.user, p.from.user)
	}
	if y.leaving && !p.a.Kind.Ends() {
		o := NotFound
		if p.s.dir[y.user] != y { // forgotten already: the sender has to ask again
			o = Moved
		}
		p.answer(y.node, Reply{Outcome: o, Since: p.a.Seq, Place: y.at})

		return
	}
	v := p.s.channel(y, p.from.user).Arrive(p.a)
	if !v.Taken() {
		p.s.sayf("%s refuses %v of %s (%d.%d): %v", y, p.l, p.from.user, p.a.Epoch, p.a.Seq, v.Refusal)
		p.answer(y.node, Reply{Outcome: v.Refusal, Since: v.Since, Newest: v.Newest, Place: y.at})

		return
	}
	user := y.user
	if p.a.Kind == Forget {
		user = ""
	}
	p.s.post(&event{name: "call " + y.user, lane: fmt.Sprintf("calls/%x", y.at.SID), user: user, from: y.node, to: y.node, between: pairOf(y.user, p.from.user), run: func() { p.call(y) }})
}

// call runs the recipient's callbacks.
func (p packet) call(y *session) {
	m, c := p.s.manner(y.user), y.chans[p.from.user]
	r := Reply{Outcome: Delivered, Place: y.at, Since: p.a.Seq}
	asked := p.a.Kind == Message || p.a.Kind == Clear && p.l.text != ""
	switch {
	case y.retired:
		r.Outcome = Moved
	case y.leaving:
		r.Outcome = NotFound
	case asked && m.declining:
		r.Outcome = Declined
	case asked && m.emptying:
		r.Outcome = Dropped
	}
	c.Decide(p.a, r.Outcome.accepted())
	if r.Outcome != Moved && r.Outcome != NotFound {
		p.l.happened = append(p.l.happened, r.Outcome)
		p.s.reached = append(p.s.reached, p.l)
		p.s.sayf("%s gets %v from %s: %v", y, p.l, p.from.user, r.Outcome)
	}
	p.answer(y.node, r)
}

func (p packet) answer(at *simNode, r Reply) {
	r.Epoch, r.Seq = p.a.Epoch, p.a.Seq
	x := p.from
	if x.node.dead || p.s.lives[p.link] != p.life {
		p.s.tainted[pairOf(x.user, p.to)] = true

		return
	}
	p.s.post(&event{name: "answer " + wayOf(at, x.node), lane: "back/" + wayOf(x.node, at), from: at, to: x.node, between: pairOf(x.user, p.to), run: func() {
		if c := x.chans[p.to]; c != nil {
			p.s.do(x, p.to, c.Answered(nil, r))
		}
	}})
}
