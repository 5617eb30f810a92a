package dm

import (
	"errors"
	"sync"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/sessions"
)

// delivery is an item that was taken, on its way through the callbacks to its recipient's client. It is a task of the recipient's inbox, and
// then told by the connection what became of the push.
type delivery struct {
	p    *party
	peer *peer
	arr  channel.Arrival
	from string // the sender's user ID
	ver  uint8
	cmd  uint16
	lax  bool   // nobody waits for the outcome
	busy bool   // it is an end whose message was left out
	body []byte // its own

	payload []byte // scratch for the push
}

var deliveries = sync.Pool{New: func() any { return new(delivery) }}

func newDelivery(p *party, pr *peer, in *arrival, full bool) *delivery {
	d := deliveries.Get().(*delivery) //nolint:forcetypeassert // the pool's New
	d.p, d.peer, d.arr, d.from = p, pr, in.Arrival, pr.id
	d.ver, d.cmd, d.lax = in.ver, in.cmd, in.lax
	d.body, d.busy = d.body[:0], full && len(in.msg) > 0
	if !full {
		d.body = append(d.body, in.msg...)
	}

	return d
}

func (d *delivery) release() {
	body, payload := d.body, d.payload
	*d = delivery{}
	if cap(body) <= maxPooled && cap(payload) <= maxPooled {
		d.body, d.payload = body[:0], payload[:0]
		deliveries.Put(d)
	}
}

// Run takes the item through the callbacks.
func (d *delivery) Run() {
	h := &d.p.m.hooks
	d.p.mu.Lock()
	d.p.inboxBytes -= len(d.body)
	d.p.mu.Unlock()
	switch d.arr.Kind {
	case channel.Message:
		d.message(h)
	case channel.Connect:
		yes, ok := h.accepts(d, engineVer, cmdConnect, nil)
		d.decide(yes && ok)
		d.done(opening(yes, ok))
	case channel.Clear:
		d.clear(h)
	case channel.Leave:
		d.decide(false)
		if len(d.body) == 0 {
			d.cleared(h)
		} else {
			d.push(engineVer, cmdDisconnect, d.body)
		}
	case channel.Forget:
		d.decide(false)
		d.done(channel.Delivered)
	}
}

// message takes a message through the receive callbacks, which may open the channel, and the message callbacks.
func (d *delivery) message(h *hooks) {
	yes, ok := h.accepts(d, d.ver, d.cmd, d.body)
	d.decide(yes && ok)
	if o := opening(yes, ok); o != channel.Delivered {
		d.done(o)

		return
	}
	d.rewriteAndPush(h)
}

// clear takes an end that the peer has called through the same callbacks as a message, if it has one.
func (d *delivery) clear(h *hooks) {
	d.decide(false)
	if len(d.body) == 0 {
		d.cleared(h)

		return
	}
	yes, ok := h.accepts(d, d.ver, d.cmd, d.body)
	if o := opening(yes, ok); o != channel.Delivered {
		d.done(o)

		return
	}
	d.rewriteAndPush(h)
}

// cleared tells the application of an end without a message.
func (d *delivery) cleared(h *hooks) {
	h.clear(d.from, d.p.user)
	if d.busy {
		d.done(channel.Busy)
	} else {
		d.done(channel.Delivered)
	}
}

func opening(yes, ok bool) channel.Outcome {
	switch {
	case !ok:
		return channel.Failed
	case !yes:
		return channel.Declined
	}

	return channel.Delivered
}

func (d *delivery) rewriteAndPush(h *hooks) {
	msg, ok := h.rewrite(d, d.body)
	switch {
	case !ok:
		d.done(channel.Failed)
	case len(msg) == 0:
		d.done(channel.Dropped)
	default:
		d.push(d.ver, d.cmd, msg)
	}
}

// decide tells the channel what the receive callbacks said.
func (d *delivery) decide(accepted bool) {
	d.p.mu.Lock()
	d.peer.ch.Decide(d.arr, accepted && !d.p.left) // nobody would end a channel that opens now
	d.p.trim(d.peer)
	d.p.tidy(d.peer)
	d.p.unlock()
}

// push sends the message to the client. The pushes of the engine's own commands carry the sender's ID ahead of it.
func (d *delivery) push(ver uint8, cmd uint16, msg []byte) {
	if ver == engineVer && (cmd == cmdSend || cmd == cmdDisconnect) {
		d.payload = append(d.payload[:0], byte(len(d.from)))
		d.payload = append(d.payload, d.from...)
		d.payload = append(d.payload, msg...)
		msg = d.payload
	}
	if err := sessions.Of(d.p.user).Push(ver, cmd, msg, true, d); err != nil {
		d.Pushed(err)
	}
}

// Pushed is told by the connection what became of the push.
func (d *delivery) Pushed(err error) {
	switch {
	case err == nil:
		d.done(channel.Delivered)
	case errors.Is(err, sessions.ErrBusy):
		d.done(channel.Busy)
	case errors.Is(err, sessions.ErrTooLarge):
		d.done(channel.TooLarge)
	default:
		d.done(channel.NotFound)
	}
}

// done answers the sender.
func (d *delivery) done(o channel.Outcome) {
	p := d.p
	p.mu.Lock()
	if o == channel.Delivered && d.arr.Kind == channel.Connect && p.left {
		o = channel.NotFound // it has opened nothing
	}
	if o == channel.NotFound && !d.arr.Kind.Ends() {
		o = channel.Moved // nothing was sent: a newer session shall have it, or else the next find says that there is none
	}
	p.steps = append(p.steps, step{answer: answer{
		Reply: channel.Reply{Epoch: d.arr.Epoch, Seq: d.arr.Seq, Since: d.arr.Seq, Outcome: o, Place: p.place()},
		node:  d.arr.From.Node, to: d.arr.From.SID, by: p.id,
		lax: d.lax && (o == channel.Delivered || o == channel.Dropped || o == channel.Declined),
	}})
	p.unlock()
	d.release()
}

// clearing runs the clear callbacks for a peer that is gone without a word.
type clearing struct {
	p    *party
	gone string
}

// Run runs them.
func (c *clearing) Run() { c.p.m.hooks.clear(c.gone, c.p.user) }
