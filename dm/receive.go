package dm

import (
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/node"
)

// HandlePacket takes one packet of another node. It does not block, and keeps nothing of the packet.
func (m *Module) HandlePacket(from node.ID, packet []byte) {
	if len(packet) == 0 {
		return
	}
	var err error
	switch packet[0] {
	case packetFind, packetSend:
		var in arrival
		if in, err = parseArrival(from, packet); err == nil {
			m.arrived(&in)
		}
	case packetAnswer:
		var a answer
		var by []byte
		if a, by, err = parseAnswer(from, packet); err == nil {
			m.answered(&a, by)
		}
	case packetHandover:
		var ho handover
		if ho, err = parseHandover(packet); err == nil {
			m.adopt(ho)
		}
	case packetRelocate:
		var l relocation
		if l, err = parseRelocation(packet); err == nil {
			m.relocate(l)
		}
	default:
		err = errMalformed
	}
	if err != nil {
		m.parts.Log.Warn("dm: a packet of another node was dropped", "node", from.String(), "error", err)
	}
}

// arrived takes an item for a session of this node. Any other session than the one that it names refuses it.
func (m *Module) arrived(in *arrival) {
	p := m.known(in.to)
	if p == nil && in.Found { // the session takes part from now on
		if u := m.parts.Users.ByUID(string(in.you)); u != nil && sessionOf(u) == in.to {
			p = m.party(u)
		}
	}
	if p == nil { // that session has left, or never took part
		m.notHere(in)

		return
	}
	m.arrive(p, in)
}

// arrive judges an arrival and takes it in. The party is locked, and unlocked on return.
func (m *Module) arrive(p *party, in *arrival) {
	switch {
	case p.user.IsBlank(): // nobody has it: the peer's next find says so, and it keeps no channel to it
		p.refuse(in, channel.Verdict{Refusal: channel.Moved, Since: in.Seq})
		if pr := p.peers[string(in.my)]; pr != nil && !p.left && pr.ch.Open() && pr.ch.Quiet() {
			p.send(pr, newItem(channel.Forget, 0, 0, nil, nil))
		}
		p.unlock()

		return
	case p.next.Known(), p.left && p.gone == nil && !in.Kind.Ends(): // it is not registered any more: a newer one may be
		p.refuse(in, channel.Verdict{Refusal: channel.Moved, Since: in.Seq})
		p.unlock()

		return
	case p.left && !in.Kind.Ends():
		p.reply(in, channel.Reply{Outcome: channel.NotFound}) // behind the farewell
		p.unlock()

		return
	case p.dropped:
		p.refuse(in, channel.Verdict{Refusal: channel.NoChannel, Since: in.Seq})
		p.unlock()

		return
	}
	pr := p.peers[string(in.my)]
	if pr == nil {
		pr = p.peer(string(in.my))
	}
	pr.used = m.sweep.now.Load()
	if v := pr.ch.Arrive(in.Arrival); !v.Taken() {
		p.refuse(in, v)
		p.tidy(pr)
		p.unlock()

		return
	}
	m.stats.Received.Add(1)
	full := p.inboxFull()
	if full && !in.Kind.Ends() { // the peer has to hear of an end
		pr.ch.Decide(in.Arrival, false)
		p.reply(in, channel.Reply{Outcome: channel.Busy})
		p.tidy(pr)
		p.unlock()

		return
	}
	d := newDelivery(p, pr, in, full)
	p.inboxBytes += len(d.body)
	inline := in.Kind == channel.Message && m.hooks.quick() && p.inbox.Idle()
	if !inline {
		p.inbox.Do(d, 0) // in the order of arrival: the party is locked
	}
	p.unlock()
	if inline {
		d.Run()
	}
}

// Bounds on what has arrived for one user and its callbacks have not seen. Beyond them: ErrRecipientBusy. Only ends are taken then, and lose their
// message: there is one at most for each channel.
const (
	maxInboxItems = 4096
	maxInboxBytes = 8 << 20
)

func (p *party) inboxFull() bool {
	return p.inboxBytes > maxInboxBytes || p.inbox.Waiting() >= maxInboxItems
}

// refuse answers an arrival that is not taken. The party is locked: so the answer follows what the party has sent before.
func (p *party) refuse(in *arrival, v channel.Verdict) {
	p.reply(in, channel.Reply{Outcome: v.Refusal, Since: v.Since, Newest: v.Newest})
}

// reply answers an arrival. The party is locked.
func (p *party) reply(in *arrival, r channel.Reply) {
	p.steps = append(p.steps, step{answer: p.answerTo(in, r)})
}

func (p *party) answerTo(in *arrival, r channel.Reply) answer {
	r.Epoch, r.Seq, r.Place = in.Epoch, in.Seq, p.place()

	return answer{Reply: r, node: in.From.Node, to: in.From.SID, by: p.id}
}
