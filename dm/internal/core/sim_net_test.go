package core

import "fmt"

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

// do performs effects, in order. Answers are those to p.
func (s *sim) do(x *session, fx []Effect, p *packet) {
	for _, e := range fx {
		switch e.Kind {
		case Lookup:
			s.find(x, e.Conv.Peer(), e)
		case CancelLookup:
			x.lookup[e.Conv.Peer()]++
		case Carry, Transmit:
			s.carry(x, e.Conv.Peer(), e)
		case Finish:
			l, peer := s.letterOf(x, e.Conv, e.Item), e.Conv.Peer()
			l.finished++
			l.outcome = e.Outcome
			if e.Outcome == Timeout || e.Outcome == Overloaded || e.Outcome == CutOff || e.Outcome == Canceled && l.kind.Ends() {
				s.tainted[pairOf(x.user, peer)] = true
			}
			s.sayf("%s: %v to %s: %v", x, l, peer, e.Outcome)
		case Backoff:
			c := e.Conv
			s.post(&event{
				name: "retry " + x.user + " " + c.Peer(), lane: fmt.Sprintf("again/%x/%s", x.at.SID, c.Peer()), due: s.now + int64(e.Tries)*10_000_000,
				run: func() {
					if !x.node.dead {
						s.do(x, x.core.Retry(nil, s.now, c), nil)
					}
				},
			})
		case Cleared:
			s.sayf("%s is told: %s is gone", x, e.Conv.Peer())
		case Answer:
			p.answer(x.node, e.Reply)
		case HandOver:
			s.handOver(x, e)
		case Relocate:
			s.relocate(x, e)
		case Drained:
			s.drained(x)
		}
	}
	s.forgets(x)
}

// find asks the directory, which is always right when it decides. Its answer comes at once, unless
// lookups take time.
func (s *sim) find(x *session, peer string, a Effect) {
	x.lookup[peer]++
	token, l, c := x.lookup[peer], s.letterOf(x, a.Conv, a.Item), a.Conv
	said := fmt.Sprintf("%s looks for %s with %v (%d.0)", x, peer, l, a.Epoch)
	decide := func() (answer func() []Effect) {
		holder := s.dir[peer]
		if a.Item.Kind.Ends() && holder == nil {
			s.early(peer, x.user)
		}
		switch {
		case x.node.cutOff:
			return func() []Effect { return x.core.OnLookupFailed(nil, s.now, c, a.Epoch, CutOff) }
		case holder == nil:
			return func() []Effect { return x.core.OnLookupFailed(nil, s.now, c, a.Epoch, NotFound) }
		default:
			at := holder.at

			return func() []Effect { return x.core.OnLookupFound(nil, s.now, c, a.Epoch, at) }
		}
	}
	tell := func(answer func() []Effect) func() {
		return func() {
			if token != x.lookup[peer] {
				s.cancelled++ // and the machine must not mind that it comes all the same
			}
			s.do(x, answer(), nil)
		}
	}
	here := &event{name: "lookup " + x.user + " " + peer, from: x.node, to: x.node, between: pairOf(x.user, peer)}
	switch answer := decide(); {
	case s.slow:
		s.sayf("%s", said)
		here.run = func() {
			late := decide()
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
func (s *sim) carry(x *session, peer string, a Effect) {
	p := packet{
		s: s, from: x, to: peer, l: s.letterOf(x, a.Conv, a.Item), link: pairOf(x.node.id.Name, a.To.Node.Name),
		a: Arrival{Kind: a.Item.Kind, Found: a.Kind == Carry, Blank: x.blank, From: x.at, Epoch: a.Epoch, Seq: a.Seq, Heard: a.Heard},
	}
	p.life = s.lives[p.link]
	if a.Item.Kind.Ends() && a.Heard == 0 { // an end that crosses a find of the peer may be taken for one of after it: the next message heals that
		s.tainted[pairOf(x.user, peer)] = true
	}
	way := x.node.id.Name + "->" + a.To.Node.Name
	unsent := func(o Outcome) {
		s.post(&event{name: "unsent " + way, lane: "unsent/" + way, from: x.node, to: x.node, between: pairOf(x.user, peer), run: func() {
			s.do(x, x.core.OnUnsent(nil, s.now, a.Conv, a.Epoch, a.Seq, o), nil)
		}})
	}
	switch {
	case a.Kind == Transmit:
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
		s.tainted[pairOf(x.user, peer)] = true // lost, and neither side knows yet
	default:
		s.post(&event{name: "deliver " + way, lane: "way/" + way, from: x.node, to: n, between: pairOf(x.user, peer), run: func() {
			if y := n.sess[a.To.SID]; y != nil && !y.gone {
				p.arrive(y)
			} else {
				p.answer(n, Reply{Outcome: Moved, Since: a.Seq})
			}
		}})
	}
}

// arrive is the receiving side.
func (p packet) arrive(y *session) {
	s := p.s
	if p.a.Kind.Ends() {
		s.early(y.user, p.from.user)
	}
	fx, c, admission := y.core.Arrive(nil, s.now, &p.a, []byte(p.from.user), false)
	if admission == Refused {
		if o := fx[0].Reply.Outcome; y.core.State() == Active || o == NoChannel || o == Stale {
			s.sayf("%s refuses %v of %s (%d.%d): %v", y, p.l, p.from.user, p.a.Epoch, p.a.Seq, o)
		}
		s.do(y, fx, &p)

		return
	}
	s.do(y, fx, &p)
	user := y.user
	if p.a.Kind == Forget {
		user = ""
	}
	s.post(&event{name: "call " + y.user, lane: fmt.Sprintf("calls/%x", y.at.SID), user: user, from: y.node, to: y.node, between: pairOf(y.user, p.from.user), run: func() { p.call(y, c) }})
}

// call runs the recipient's callbacks.
func (p packet) call(y *session, c *Conversation) {
	s, m, o := p.s, p.s.manner(y.user), Delivered
	asked := p.a.Kind == Message || p.a.Kind == Clear && p.l.text != ""
	switch {
	case !y.core.Receiving():
		o = NotFound // nothing is pushed
	case asked && m.declining:
		o = Declined
	case asked && m.emptying:
		o = Dropped
	}
	if o != NotFound {
		p.l.happened = append(p.l.happened, o)
		s.reached = append(s.reached, p.l)
		s.sayf("%s gets %v from %s: %v", y, p.l, p.from.user, o)
	}
	fx := y.core.CallbackDone(nil, s.now, c, &p.a, o.accepted())
	s.do(y, y.core.Reply(fx, &p.a, o), &p)
}

func (p packet) answer(at *simNode, r Reply) {
	r.Epoch, r.Seq = p.a.Epoch, p.a.Seq
	x := p.from
	if x.node.dead || p.s.lives[p.link] != p.life {
		p.s.tainted[pairOf(x.user, p.to)] = true

		return
	}
	p.s.post(&event{name: "answer " + wayOf(at, x.node), lane: "back/" + wayOf(x.node, at), from: at, to: x.node, between: pairOf(x.user, p.to), run: func() {
		p.s.do(x, x.core.OnAnswer(nil, p.s.now, []byte(p.to), r), nil)
	}})
}
