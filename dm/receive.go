package dm

import (
	"time"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/mesh"
	"github.com/parley-dm/parley/user"
)

// packets receives what other nodes send to PortDM.
type packets struct{ m *Module }

// HandlePacket takes one packet.
func (h packets) HandlePacket(from mesh.NodeID, packet []byte) {
	m, node := h.m, channel.Node(from)
	if len(packet) == 0 {
		return
	}
	var err error
	switch packet[0] {
	case packetSend:
		var in arrival
		if in, err = parseArrival(node, packet); err == nil {
			m.arriveSent(&in)
		}
	case packetAnswer:
		var a answer
		var by []byte
		if a, by, err = parseAnswer(node, packet); err == nil {
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

// HandleFind is not called: finds come through the directory.
func (packets) HandleFind(mesh.NodeID, string, []byte) {}

// HandleNobody is not called: finds go through the directory.
func (packets) HandleNobody(uint64) {}

// HandleBarrier is not called: there are no barriers of this port.
func (packets) HandleBarrier(mesh.NodeID, []byte) []byte { return nil }

// finder receives what the directory finds.
type finder struct{ m *Module }

// Found takes a find for a user of this node.
func (f finder) Found(from mesh.NodeID, userID string, packet []byte) {
	in, err := parseArrival(channel.Node(from), packet)
	if err != nil || !in.Found {
		f.m.parts.Log.Warn("dm: a find of another node was dropped", "node", from.String(), "error", err)

		return
	}
	if u := f.m.parts.Users.ByUID(userID); u != nil {
		f.m.arriveFound(u, in)

		return
	}
	if p, ok := f.m.leaving.Load(userID); ok {
		p.mu.Lock()
		f.m.arrive(p, &in)

		return
	}
	f.m.notHere(&in)
}

// Missed ends a find that reached nobody.
func (f finder) Missed(token uint64, why dive.Miss) {
	fd, ok := f.m.finds.LoadAndDelete(token)
	if !ok {
		return
	}
	fd.p.event(fd.peer, func(acts []channel.Action) []channel.Action {
		switch why {
		case dive.Moved:
			return fd.peer.ch.Answered(acts, channel.Reply{Epoch: fd.epoch, Outcome: channel.Moved})
		case dive.OutOfReach:
			return fd.peer.ch.Nobody(acts, fd.epoch, channel.CutOff)
		case dive.Nowhere:
		}

		return fd.peer.ch.Nobody(acts, fd.epoch, channel.NotFound)
	})
}

// arriveFound takes an item that was carried to wherever its recipient is.
func (m *Module) arriveFound(u *user.User, in arrival) {
	m.arrive(m.party(u), &in)
}

// arriveSent takes an item that was carried to where its recipient was known to be.
func (m *Module) arriveSent(in *arrival) {
	p := m.known(in.to)
	if p == nil { // that session has left, or never took part
		m.notHere(in)

		return
	}
	m.arrive(p, in)
}

// doubtTime is how long a node that did not run may not have heard what the others did meanwhile.
const doubtTime = 3 * time.Second

// behind tells whether a user who has left here may have logged in elsewhere without this node knowing.
func (m *Module) behind() bool {
	if m.sight == nil {
		return false
	}
	_, woke := m.sight.Woke()

	return time.Since(woke) < doubtTime || m.sight.Doubts()
}

// drainTime is how long after it did not run a node still reads what was sent to it before.
const drainTime = 250 * time.Millisecond

// stale tells whether an item was sent before this node stopped running for a while, as far as it can tell. Its recipient may have logged in
// elsewhere meanwhile, and have had there what was sent later.
func (m *Module) stale(in *arrival) bool {
	if m.sight == nil || in.From.Node == m.self {
		return false
	}
	stamp, woke := m.sight.Woke()
	if in.Found {
		return in.ask < uint64(stamp)
	}

	return !woke.IsZero() && time.Since(woke) < drainTime
}

// arrive judges an arrival and takes it in. The party is locked, and unlocked on return.
func (m *Module) arrive(p *party, in *arrival) {
	if stale := m.stale(in); stale || p.overtaken(in) { // it must come anew, if it is still wanted
		v := channel.Verdict{Refusal: channel.Moved, Since: in.Seq}
		if stale && !in.Found {
			v.Refusal = channel.NoChannel // nobody has moved, as far as is known here: if this node dies now, that is an end
		}
		p.refuse(in, v)
		p.unlock()

		return
	}
	switch {
	case p.user.IsBlank(): // nobody has it: the peer's next find says so, and it keeps no channel to it
		p.refuse(in, channel.Verdict{Refusal: channel.Moved, Since: in.Seq})
		if pr := p.peers[string(in.my)]; pr != nil && !p.left && pr.ch.Open() && pr.ch.Quiet() {
			p.send(pr, newItem(channel.Forget, 0, 0, nil, nil))
		}
		p.unlock()

		return
	case p.next.Known(), p.left && !in.Kind.Ends() && m.behind():
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
	pr.asked = max(pr.asked, in.ask)
	if !in.Found && in.Seq == 0 { // a find of an epoch before may still be held up somewhere: it was sent before this came
		pr.asked = max(pr.asked, m.stamp())
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
	a := p.answerTo(in, channel.Reply{Outcome: v.Refusal, Since: v.Since})
	a.newest = v.Newest
	p.steps = append(p.steps, step{answer: a})
}

// reply answers an arrival. The party is locked.
func (p *party) reply(in *arrival, r channel.Reply) {
	p.steps = append(p.steps, step{answer: p.answerTo(in, r)})
}

func (p *party) answerTo(in *arrival, r channel.Reply) answer {
	r.Epoch, r.Seq, r.Place = in.Epoch, in.Seq, p.place()

	return answer{Reply: r, node: in.From.Node, to: in.From.SID, by: p.id}
}
