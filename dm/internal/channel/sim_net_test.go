package channel

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
	way  string // the path that it took; none for a find
	life int    // of that path
}

// do does what a machine asks for, in order.
func (s *sim) do(x *session, peer string, acts []Action) {
	for _, a := range acts {
		switch a.Do {
		case Find:
			s.find(x, peer, a)
		case Transmit:
			s.transmit(x, peer, a)
		case Finish:
			l := a.Item.Owner.(*letter)
			l.finished++
			l.outcome = a.Outcome
			if a.Outcome == Timeout || a.Outcome == Overloaded || a.Outcome == CutOff {
				s.tainted[pairOf(x.user, peer)] = true
			}
			s.sayf("%s: %v to %s: %v", x, l, peer, a.Outcome)
		case Again:
			s.post(&event{
				lane: fmt.Sprintf("again/%x/%s", x.at.SID, peer), due: s.now.Add(time.Duration(a.Seq) * 10 * time.Millisecond),
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

func (s *sim) find(x *session, peer string, a Action) {
	p := packet{
		s: s, from: x, to: peer, l: a.Item.Owner.(*letter),
		a: Arrival{Kind: a.Item.Kind, Found: true, From: x.at, Epoch: a.Epoch, Heard: a.Heard},
	}
	holder := s.dir[peer]
	if a.Item.Kind.Ends() && holder == nil {
		s.early(peer, x.user)
	}
	switch {
	case x.node.cutOff, holder == nil:
		o := NotFound
		if x.node.cutOff {
			o = CutOff
		}
		s.sayf("%s looks for %s with %v (%d.0): nobody", x, peer, p.l, a.Epoch)
		s.post(&event{from: x.node, to: x.node, between: pairOf(x.user, peer), run: func() {
			if c := x.chans[peer]; c != nil {
				s.do(x, peer, c.Nobody(nil, a.Epoch, o))
			}
		}})
	default:
		s.sayf("%s looks for %s with %v (%d.0)", x, peer, p.l, a.Epoch)
		n := holder.node
		s.post(&event{from: x.node, to: n, between: pairOf(x.user, peer), run: func() {
			if h := s.dir[peer]; h != nil && h.node == n {
				p.arrive(h)
			} else {
				p.answer(n, Reply{Outcome: Moved}, 0)
			}
		}})
	}
}

func (s *sim) transmit(x *session, peer string, a Action) {
	p := packet{
		s: s, from: x, to: peer, l: a.Item.Owner.(*letter), way: x.node.id.Name + ">" + a.To.Node.Name,
		a: Arrival{Kind: a.Item.Kind, From: x.at, Epoch: a.Epoch, Seq: a.Seq, Heard: a.Heard},
	}
	p.life = x.node.lives[p.way]
	unsent := func(o Outcome) {
		s.post(&event{lane: "unsent/" + p.way, from: x.node, to: x.node, between: pairOf(x.user, peer), run: func() {
			if c := x.chans[peer]; c != nil {
				s.do(x, peer, c.Unsent(nil, a.Epoch, a.Seq, o))
			}
		}})
	}
	s.sayf("%s sends %v to %s at %s (%d.%d)", x, p.l, peer, a.To.Node.Name, a.Epoch, a.Seq)
	n := s.nodes[a.To.Node.Name]
	switch {
	case x.node.down[a.To.Node]:
		unsent(Moved)
	case x.node.full[p.way]:
		unsent(Overloaded)
	case n == nil || n.id != a.To.Node || n.dead || x.node.broken[p.way]:
		s.tainted[pairOf(x.user, peer)] = true // lost, and nobody knows yet
	default:
		s.post(&event{lane: "way/" + p.way, from: x.node, to: n, between: pairOf(x.user, peer), run: func() {
			if y := n.sess[a.To.SID]; y != nil && !y.retired && !y.gone {
				p.arrive(y)
			} else {
				p.answer(n, Reply{Outcome: Moved, Since: a.Seq}, 0)
			}
		}})
	}
}

// arrive is the receiving side.
func (p packet) arrive(y *session) {
	p.s.hear(y.node, p.a.Epoch)
	if p.a.Kind.Ends() {
		p.s.early(y.user, p.from.user)
	}
	if y.leaving && !p.a.Kind.Ends() {
		o := NotFound
		if p.s.dir[y.user] != y { // forgotten already: the sender has to ask again
			o = Moved
		}
		p.answer(y.node, Reply{Outcome: o, Since: p.a.Seq, Place: y.at}, 0)

		return
	}
	v := p.s.channel(y, p.from.user).Arrive(p.a)
	if !v.Taken() {
		p.s.sayf("%s refuses %v of %s (%d.%d): %v", y, p.l, p.from.user, p.a.Epoch, p.a.Seq, v.Refusal)
		p.answer(y.node, Reply{Outcome: v.Refusal, Since: v.Since, Place: y.at}, v.Newest)

		return
	}
	user := y.user
	if p.a.Kind == Forget {
		user = ""
	}
	p.s.post(&event{lane: fmt.Sprintf("calls/%x", y.at.SID), user: user, from: y.node, to: y.node, between: pairOf(y.user, p.from.user), run: func() { p.call(y) }})
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
	p.answer(y.node, r, 0)
}

func (p packet) answer(at *simNode, r Reply, newest uint64) {
	r.Epoch, r.Seq = p.a.Epoch, p.a.Seq
	x := p.from
	if x.node.dead || p.way != "" && (x.node.broken[p.way] || x.node.lives[p.way] != p.life) {
		p.s.tainted[pairOf(x.user, p.to)] = true

		return
	}
	lane := ""
	if p.way != "" {
		lane = "back/" + p.way
	}
	p.s.post(&event{lane: lane, from: at, to: x.node, between: pairOf(x.user, p.to), run: func() {
		p.s.hear(x.node, newest)
		switch c := x.chans[p.to]; {
		case c != nil:
			p.s.do(x, p.to, c.Answered(nil, r))
		case p.a.Found && r.Outcome.accepted() && !x.retired: // too late, and forgotten: the peer holds it open for nobody
			p.s.channel(x, p.to).Adopt(r.Place)
			p.s.send(x, p.to, Forget, "")
		}
	}})
}

func (s *sim) hear(n *simNode, epoch uint64) { n.last = max(n.last, epoch) }
