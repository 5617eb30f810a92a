package runtime

import (
	"errors"
	"sync"

	"github.com/parley-dm/parley/dm/internal/codec"
	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/tracing"
	"github.com/parley-dm/parley/wire"
)

// delivery is an item that was taken, on its way through the callbacks to its recipient's client.
// It is a task of the recipient's inbox, and then told by the connection what became of the push.
type delivery struct {
	core.Arrival

	s    *session
	conv *core.Conversation // nil: the sender is a blank user
	from string             // the sender's user ID
	ver  uint8
	cmd  uint16
	busy bool   // it is an end whose message was left out
	body []byte // its own

	weight int64         // in the session's queue
	span   *tracing.Span // nil: the message is not traced

	payload []byte // scratch for the push
}

var deliveries = sync.Pool{New: func() any { return new(delivery) }}

// newDelivery makes the delivery of an item that was taken. The session is locked.
func newDelivery(s *session, c *core.Conversation, in *codec.Item, emptied bool) *delivery {
	d := deliveries.Get().(*delivery) //nolint:forcetypeassert // the pool's New
	d.Arrival, d.s, d.conv = in.Arrival, s, c
	if c != nil {
		d.from = c.Peer()
	} else {
		d.from = string(in.Sender)
	}
	d.ver, d.cmd = in.Ver, in.Cmd
	d.body, d.busy = d.body[:0], emptied && len(in.Message) > 0
	if !emptied {
		d.body = append(d.body, in.Message...)
	}
	d.enterShare(in)

	return d
}

func (d *delivery) release() {
	d.leaveShare()
	body, payload := d.body, d.payload
	*d = delivery{}
	if cap(body) <= maxPooled && cap(payload) <= maxPooled {
		d.body, d.payload = body[:0], payload[:0]
		deliveries.Put(d)
	}
}

// Run takes the item through the callbacks.
func (d *delivery) Run() {
	s := d.s
	s.begin(len(d.body))
	defer s.done()
	d.span.Event("dequeued")
	cbs := &s.m.callbacks
	switch d.Kind {
	case core.Message:
		d.message(cbs)
	case core.Connect:
		yes, ok := cbs.accepts(d, wire.EngineVer, wire.CommandConnect, nil)
		d.decided(yes && ok, opening(yes, ok))
	case core.Clear:
		d.clear(cbs)
	case core.Leave:
		d.decide(false)
		if len(d.body) == 0 {
			d.cleared(cbs)
		} else {
			d.push(wire.EngineVer, wire.CommandDisconnect, d.body)
		}
	case core.Forget:
		d.decided(false, core.Delivered)
	}
}

// message takes a message through the receive callbacks, which may open the channel, and the
// message callbacks.
func (d *delivery) message(cbs *callbacks) {
	yes, ok := cbs.accepts(d, d.ver, d.cmd, d.body)
	if o := opening(yes, ok); o != core.Delivered {
		d.decided(false, o)

		return
	}
	if !d.decide(true) { // it was replaced, or is leaving, and its connection is not closed yet
		d.reply(core.NotFound)

		return
	}
	d.rewriteAndPush(cbs)
}

// clear takes an end that the peer has called through the same callbacks as a message, if it has
// one.
func (d *delivery) clear(cbs *callbacks) {
	d.decide(false)
	if len(d.body) == 0 {
		d.cleared(cbs)

		return
	}
	yes, ok := cbs.accepts(d, d.ver, d.cmd, d.body)
	if o := opening(yes, ok); o != core.Delivered {
		d.reply(o)

		return
	}
	d.rewriteAndPush(cbs)
}

// cleared tells the application of an end without a message.
func (d *delivery) cleared(cbs *callbacks) {
	cbs.clear(d.from, d.s.user)
	if d.busy {
		d.reply(core.Busy)
	} else {
		d.reply(core.Delivered)
	}
}

func opening(yes, ok bool) core.Outcome {
	switch {
	case !ok:
		return core.Failed
	case !yes:
		return core.Declined
	}

	return core.Delivered
}

func (d *delivery) rewriteAndPush(cbs *callbacks) {
	msg, ok := cbs.rewrite(d, d.body)
	switch {
	case !ok:
		d.reply(core.Failed)
	case len(msg) == 0:
		d.reply(core.Dropped)
	default:
		d.push(d.ver, d.cmd, msg)
	}
}

// decide tells the core what the receive callbacks said, and returns whether a message may be
// pushed.
func (d *delivery) decide(accepted bool) (receiving bool) {
	if d.conv == nil {
		return true
	}
	s := d.s
	s.mu.Lock()
	s.effects = s.core.CallbackDone(s.effects, s.m.sweep.now.Load(), d.conv, &d.Arrival, accepted)
	receiving = s.core.Receiving()
	s.endEvent()

	return receiving
}

// decided is decide for an item that goes no further, and answers its sender.
func (d *delivery) decided(accepted bool, o core.Outcome) {
	s := d.s
	s.mu.Lock()
	s.effects = s.core.CallbackDone(s.effects, s.m.sweep.now.Load(), d.conv, &d.Arrival, accepted)
	s.effects = s.core.Reply(s.effects, &d.Arrival, o)
	s.endEvent()
	d.endTrace(o)
	d.release()
}

// push sends the message to the client. The pushes of the engine's own commands carry the sender's
// ID ahead of it.
func (d *delivery) push(ver uint8, cmd uint16, msg []byte) {
	if ver == wire.EngineVer && (cmd == wire.CommandSend || cmd == wire.CommandDisconnect) {
		d.payload = append(d.payload[:0], byte(len(d.from)))
		d.payload = append(d.payload, d.from...)
		d.payload = append(d.payload, msg...)
		msg = d.payload
	}
	d.span.Event("push")
	err := sessions.Of(d.s.user).Push(ver, cmd, msg, true, d)
	if errors.Is(err, sessions.ErrTooLarge) && (d.Kind == core.Clear || d.Kind == core.Leave) {
		d.s.m.callbacks.clear(d.from, d.s.user) // the end is told without its message
	}
	if err != nil {
		d.Pushed(err)
	}
}

// Pushed is told by the connection what became of the push.
func (d *delivery) Pushed(err error) {
	switch {
	case err == nil: // no state depends on it, and it may be told before what the session has sent meanwhile
		s := d.s
		a := codec.AnswerTo(&d.Arrival, core.Delivered, s.place, s.id)
		s.m.answer(d.From, &a, d.NoReply)
		d.endTrace(core.Delivered)
		d.release()
	case errors.Is(err, sessions.ErrBusy):
		d.reply(core.Busy)
	case errors.Is(err, sessions.ErrTooLarge):
		d.reply(core.TooLarge)
	default:
		d.reply(core.NotFound)
	}
}

// reply answers the sender, behind what the session has sent before.
func (d *delivery) reply(o core.Outcome) {
	s := d.s
	s.mu.Lock()
	s.effects = s.core.Reply(s.effects, &d.Arrival, o)
	s.endEvent()
	d.endTrace(o)
	d.release()
}

// clearing runs the clear callbacks for a peer that is gone without a word.
type clearing struct {
	s    *session
	gone string
}

// Run runs them.
func (c *clearing) Run() {
	c.s.begin(0)
	defer c.s.done()
	c.s.m.callbacks.clear(c.gone, c.s.user)
}
