package runtime

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parley-dm/parley/dm/internal/codec"
	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/tracing"
)

// perform performs one effect. The session is not locked.
func (s *session) perform(e *core.Effect) {
	switch e.Kind {
	case core.Carry, core.Transmit:
		s.carry(e)
	case core.Finish:
		s.finish(e)
	case core.Answer:
		s.m.answer(e.To, &codec.Answer{Reply: e.Reply, To: e.To.SID, By: s.id}, e.NoReply)
	case core.Lookup:
		s.lookup(e)
	case core.CancelLookup:
		s.cancel(e.Conv)
	case core.Backoff:
		s.backoff(e.Conv, e.Tries)
	case core.Cleared:
		s.enqueue(&clearing{s: s, gone: e.Conv.Peer()}, 0) // one for each channel that was open
	case core.HandOver:
		s.m.passOn(e.To.Node, e.Handover)
	case core.Relocate:
		s.m.tell(e.To.Node, e.Relocation)
	case core.Drained:
		s.drained(e.Epoch)
	}
}

// carry sends an item to the node of the session that it is for.
func (s *session) carry(e *core.Effect) {
	m, it := s.m, e.Item
	span := m.spanOf(it)
	if e.To.Node == m.self {
		m.stats.local.Add(1)
		in := codec.Item{
			Arrival: core.Arrival{
				Kind: it.Kind, Found: e.Kind == core.Carry, Blank: s.blank, From: s.place, Epoch: e.Epoch, Seq: e.Seq, Heard: e.Heard,
			},
			To: e.To.SID, Sender: s.id, Recipient: e.Conv.Wire(), Ver: it.Ver, Cmd: it.Cmd, Message: it.Body,
		}
		span.Carried(m.self)
		m.item(&in, span.Parent())

		return
	}
	buf := packetBuffers.Get().(*[]byte) //nolint:forcetypeassert // the pool's New
	defer release(buf)
	packet, err := codec.AppendItem((*buf)[:0], s.place.SID, s.blank, e, &codec.FindData{
		MyUserID: s.user.ID, YourUserID: e.Conv.Peer(), MyNodeAddr: m.selfAddr, Ver: it.Ver, Cmd: it.Cmd, Message: it.Body,
	})
	*buf = packet
	if err == nil {
		span.Carried(e.To.Node)
		span.Announce(e.To.Node, tracing.Key{Sender: s.place.SID, Recipient: e.To.SID, Epoch: e.Epoch, Seq: e.Seq})
		err = m.parts.Nodes.Send(e.To.Node, packet)
	}
	if err == nil {
		m.stats.linked.Add(1)
	} else {
		s.mu.Lock()
		s.effects = s.core.OnUnsent(s.effects, m.sweep.now.Load(), e.Conv, e.Epoch, e.Seq, unsent(err))
		s.endEvent()
	}
}

// unsent is what an error of sending means to an item that has not left.
func unsent(err error) core.Outcome {
	switch {
	case errors.Is(err, node.ErrNoNode):
		return core.Moved
	case errors.Is(err, node.ErrOverloaded):
		return core.Overloaded
	case errors.Is(err, node.ErrTooLarge):
		return core.TooLarge
	default:
		return core.CutOff
	}
}

// finish tells an item's owner.
func (s *session) finish(e *core.Effect) {
	it := e.Item
	s.m.stats.outcome(e.Outcome)
	c, ok := it.Owner.(completion)
	freeItem(it)
	if ok {
		c.completed(s, e.Outcome, outcomeError(e.Outcome, e.Conv.Peer()))
	}
}

// Pauses after refusals, of a place that the peer has just left or not yet reached: they double.
const (
	firstPause = time.Millisecond
	maxPause   = 128 * time.Millisecond
)

func (s *session) backoff(c *core.Conversation, tries uint32) {
	pause := min(firstPause<<min(tries-1, 10), maxPause)
	pause = pause/2 + rand.N(pause/2)
	time.AfterFunc(pause, func() {
		s.mu.Lock()
		s.effects = s.core.Retry(s.effects, s.m.sweep.now.Load(), c)
		s.endEvent()
	})
}

// drained says that all messages of a session that has left have their true outcomes.
func (s *session) drained(newest uint64) {
	s.mu.Lock()
	f := s.onDrained
	s.onDrained = nil
	s.mu.Unlock()
	if f != nil {
		f(newest)
	}
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
