package dm

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/mesh"
)

// find is a find that may still miss: nobody holds the user.
type find struct {
	p     *party
	peer  *peer
	epoch uint64
	sent  int64 // Module.sweep.now
}

// do does one step. The party is not locked.
func (p *party) do(s *step) {
	switch s.action.Do {
	case channel.Find:
		p.find(s.peer, &s.action)
	case channel.Transmit:
		p.transmit(s.peer, &s.action)
	case channel.Finish:
		p.finish(s.peer, s.action.Item, s.action.Outcome)
	case channel.Again:
		p.again(s.peer, s.action.Seq)
	case channel.Cleared:
		p.inbox.Do(&clearing{p: p, gone: s.peer.id}, 0) // one for each channel that was open
	default:
		if s.call != nil {
			s.call()
		} else {
			p.m.answer(&s.answer)
		}
	}
}

// find asks for a peer: here first, then in the cluster.
func (p *party) find(pr *peer, a *channel.Action) {
	m, it := p.m, a.Item
	m.stats.Finds.Add(1)
	if u := m.parts.Users.ByUID(pr.id); u != nil {
		m.arriveFound(u, p.localArrival(pr, a, true))

		return
	}
	buf := packetBuffers.Get().(*[]byte) //nolint:forcetypeassert // the pool's New
	defer release(buf)
	packet, err := appendFind((*buf)[:0], p.sid, a, m.stamp(), &FindData{
		MyUserID: p.user.ID, YourUserID: pr.id, MyNodeAddr: m.parts.Mesh.Self().String(), Ver: it.Ver, Cmd: it.Cmd, Message: it.Body,
	})
	*buf = packet
	token := m.tokens.Add(1)
	if err == nil {
		p.mu.Lock()
		pr.token = token
		p.mu.Unlock()
		m.finds.Store(token, find{p, pr, a.Epoch, m.sweep.now.Load()})
		err = m.parts.Directory.Find(pr.id, packet, token)
	}
	if err != nil {
		m.finds.Delete(token)
		p.event(pr, func(acts []channel.Action) []channel.Action { return pr.ch.Nobody(acts, a.Epoch, unsent(err)) })
	}
}

// transmit sends an item to the node where the peer is known to be.
func (p *party) transmit(pr *peer, a *channel.Action) {
	m, it := p.m, a.Item
	if a.To.Node == m.self {
		in := p.localArrival(pr, a, false)
		m.arriveSent(&in)

		return
	}
	buf := packetBuffers.Get().(*[]byte) //nolint:forcetypeassert // the pool's New
	defer release(buf)
	packet, err := appendSend((*buf)[:0], p.sid, a, &SendData{
		MyUserID: p.user.ID, YourUserID: pr.id, Ver: it.Ver, Cmd: it.Cmd, Message: it.Body,
	})
	*buf = packet
	if err == nil {
		err = m.parts.Mesh.Send(mesh.NodeID(a.To.Node), mesh.PortDM, packet)
	}
	if err != nil {
		p.event(pr, func(acts []channel.Action) []channel.Action { return pr.ch.Unsent(acts, a.Epoch, a.Seq, unsent(err)) })
	}
}

// unsent is what an error of the mesh means to a message that has not left.
func unsent(err error) channel.Outcome {
	switch {
	case errors.Is(err, mesh.ErrNoNode):
		return channel.Moved
	case errors.Is(err, mesh.ErrOverloaded):
		return channel.Overloaded
	case errors.Is(err, mesh.ErrPacketTooLarge):
		return channel.TooLarge
	default:
		return channel.CutOff
	}
}

// localArrival is an item that need not leave this node.
func (p *party) localArrival(pr *peer, a *channel.Action, found bool) arrival {
	var asked uint64
	if found {
		asked = p.m.stamp()
	}

	return arrival{
		Arrival: channel.Arrival{Kind: a.Item.Kind, Found: found, From: p.place(), Epoch: a.Epoch, Seq: a.Seq, Heard: a.Heard},
		to:      a.To.SID,
		ask:     asked,
		my:      p.id,
		you:     pr.wire,
		ver:     a.Item.Ver, cmd: a.Item.Cmd, msg: a.Item.Body,
	}
}

// finish tells an item's owner.
func (p *party) finish(pr *peer, it *channel.Item, o channel.Outcome) {
	p.mu.Lock()
	p.waiting--
	p.bytes -= len(it.Body)
	p.tidy(pr)
	p.mu.Unlock()
	p.m.stats.Outcomes[o].Add(1)
	c, ok := it.Owner.(completion)
	freeItem(it)
	if ok {
		c.completed(p, pr.id, o, verdict(o, pr.id))
	}
}

// Pauses between finds that come to a place which the peer has just left or not yet reached: they double.
const (
	firstPause = time.Millisecond
	maxPause   = 128 * time.Millisecond
)

func (p *party) again(pr *peer, tries uint32) {
	pause := min(firstPause<<min(tries-1, 10), maxPause)
	pause = pause/2 + rand.N(pause/2)
	time.AfterFunc(pause, func() {
		p.event(pr, func(acts []channel.Action) []channel.Action { return pr.ch.Retry(acts) })
	})
}

// event gives an event to a peer's channel.
func (p *party) event(pr *peer, f func(acts []channel.Action) []channel.Action) {
	p.mu.Lock()
	var buf [4]channel.Action
	p.add(pr, f(buf[:0]))
	p.late(pr)
	p.tidy(pr)
	p.unlock()
}

// packetBuffers holds the buffers in which packets are put together.
var packetBuffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled bounds a buffer that goes back to a pool, in bytes.
const maxPooled = 16 << 10

func release(buf *[]byte) {
	if cap(*buf) <= maxPooled {
		packetBuffers.Put(buf)
	}
}
