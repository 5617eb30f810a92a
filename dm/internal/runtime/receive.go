package runtime

import (
	"github.com/parley-dm/parley/dm/internal/codec"
	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/tracing"
)

// HandlePacket implements messages.Engine.
func (m *Runtime) HandlePacket(from core.Node, packet []byte) {
	if err := m.handle(from, packet); err != nil {
		m.parts.Log.Warn("dm: a packet of another node was dropped", "node", from.String(), "error", err)
	}
}

func (m *Runtime) handle(from core.Node, packet []byte) error {
	switch codec.TypeOf(packet) {
	case codec.ItemType:
		in, err := codec.ParseItem(from, packet)
		if err != nil {
			return err
		}
		m.item(&in, m.announced(&in))
	case codec.AnswerType:
		a, err := codec.ParseAnswer(from, packet)
		if err != nil {
			return err
		}
		m.answered(&a)
	case codec.HandoverType:
		h, err := codec.ParseHandover(packet)
		if err != nil {
			return err
		}
		m.handover(h)
	case codec.RelocateType:
		r, err := codec.ParseRelocation(packet)
		if err != nil {
			return err
		}
		m.relocated(r)
	case codec.Malformed:
		return codec.ErrMalformed
	}

	return nil
}

// item takes an item for a session of this node. Any other session than the one that it names
// refuses it.
func (m *Runtime) item(in *codec.Item, parent *tracing.Parent) {
	s := m.lockKnown(in.To)
	if s == nil && in.Found { // the session takes part from now on
		if u := m.parts.Users.ByUID(string(in.Recipient)); u != nil {
			if sid := sidOf(u); sid == in.To {
				s = m.lockSessionAs(u, sid, false)
			}
		}
	}
	if s == nil { // that session has left, or never took part
		a := codec.AnswerTo(&in.Arrival, core.Moved, core.Place{Node: m.self, SID: in.To}, in.Recipient)
		m.answer(in.From, &a, false)

		return
	}
	s.arrive(in, parent)
}

// arrive gives an arrival to the core, and what is taken to the callbacks. The session is locked,
// and unlocked on return. Where there are no callbacks that is all that a message locks: it is
// pushed at once.
func (s *session) arrive(in *codec.Item, parent *tracing.Parent) {
	m, now := s.m, s.m.sweep.now.Load()
	fx, c, admission := s.core.Arrive(s.effects, now, &in.Arrival, in.Sender, s.inboxFull(in))
	s.effects = fx
	if admission == core.Refused {
		s.endEvent()

		return
	}
	m.stats.received.Add(1)
	d := newDelivery(s, c, in, admission == core.Emptied)
	if parent != nil {
		d.trace(parent)
	}
	if in.Kind == core.Message && m.callbacks.noneForMessages() && s.inboxTasks.Load() == 0 {
		s.effects = s.core.CallbackDone(s.effects, now, c, &d.Arrival, true)
		s.endEvent()
		d.push(d.ver, d.cmd, d.body)

		return
	}
	s.enqueue(d, len(d.body)) // in the order of arrival: the session is locked
	s.endEvent()
}

// enqueue gives a task to the user's inbox, whose tasks call begin and done.
func (s *session) enqueue(t interface{ Run() }, bytes int) {
	s.inboxTasks.Add(1)
	s.inboxWaiting.Add(1)
	s.inboxBytes.Add(int64(bytes))
	s.inbox.Do(t, 0)
}

// begin says that a task of the inbox begins.
func (s *session) begin(bytes int) {
	s.inboxWaiting.Add(-1)
	s.inboxBytes.Add(-int64(bytes))
}

// done says that a task of the inbox is done.
func (s *session) done() { s.inboxTasks.Add(-1) }

// answered gives an answer to the session that sent.
func (m *Runtime) answered(a *codec.Answer) {
	s := m.lockKnown(a.To)
	if s == nil {
		return
	}
	s.effects = s.core.OnAnswer(s.effects, m.sweep.now.Load(), a.By, a.Reply)
	s.endEvent()
}

// answer carries an answer to the sender. One that the sender does not wait for may be late.
func (m *Runtime) answer(to core.Place, a *codec.Answer, late bool) {
	if to.Node == m.self {
		m.answered(a)

		return
	}
	buf := packetBuffers.Get().(*[]byte) //nolint:forcetypeassert // the pool's New
	*buf = a.Append((*buf)[:0])
	var err error
	if late {
		err = m.parts.Nodes.SendLater(to.Node, *buf)
	} else {
		err = m.parts.Nodes.Send(to.Node, *buf)
	}
	if err != nil {
		m.parts.Log.Debug("dm: an answer could not be sent", "node", to.Node.Name, "error", err)
	}
	release(buf)
}
