package dm

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/node"
)

// do does one step. The party is not locked.
func (p *party) do(s *step) {
	switch s.action.Do {
	case channel.Find:
		p.find(s.peer, s.action.Epoch)
	case channel.Cancel:
		p.cancel(s.peer)
	case channel.Carry, channel.Transmit:
		p.carry(s.peer, &s.action)
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

// carry sends an item to the node of the session that it is for.
func (p *party) carry(pr *peer, a *channel.Action) {
	m := p.m
	if a.To.Node == m.self {
		in := p.localArrival(pr, a)
		m.arrived(&in)

		return
	}
	buf := packetBuffers.Get().(*[]byte) //nolint:forcetypeassert // the pool's New
	defer release(buf)
	packet, err := p.packet((*buf)[:0], pr, a)
	*buf = packet
	if err == nil {
		err = m.parts.Nodes.Send(a.To.Node, packet)
	}
	if err != nil {
		p.event(pr, func(acts []channel.Action) []channel.Action { return pr.ch.Unsent(acts, a.Epoch, a.Seq, unsent(err)) })
	}
}

// packet appends the packet for an item: the first to a place goes as FindData, later ones as SendData.
func (p *party) packet(b []byte, pr *peer, a *channel.Action) ([]byte, error) {
	it := a.Item
	if a.Do == channel.Carry {
		return appendFind(b, p.sid, a, &FindData{
			MyUserID: p.user.ID, YourUserID: pr.id, MyNodeAddr: p.m.self.String(), Ver: it.Ver, Cmd: it.Cmd, Message: it.Body,
		})
	}

	return appendSend(b, p.sid, a, &SendData{
		MyUserID: p.user.ID, YourUserID: pr.id, Ver: it.Ver, Cmd: it.Cmd, Message: it.Body,
	})
}

// unsent is what an error of sending means to an item that has not left.
func unsent(err error) channel.Outcome {
	switch {
	case errors.Is(err, node.ErrNoNode):
		return channel.Moved
	case errors.Is(err, node.ErrOverloaded):
		return channel.Overloaded
	case errors.Is(err, node.ErrTooLarge):
		return channel.TooLarge
	default:
		return channel.CutOff
	}
}

// localArrival is an item that need not leave this node.
func (p *party) localArrival(pr *peer, a *channel.Action) arrival {
	return arrival{
		Arrival: channel.Arrival{
			Kind: a.Item.Kind, Found: a.Do == channel.Carry, From: p.place(), Epoch: a.Epoch, Seq: a.Seq, Heard: a.Heard,
		},
		to:  a.To.SID,
		my:  p.id,
		you: pr.wire,
		ver: a.Item.Ver, cmd: a.Item.Cmd, msg: a.Item.Body,
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

// Pauses after refusals, of a place that the peer has just left or not yet reached: they double.
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
