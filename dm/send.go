package dm

import (
	"context"
	"sync"
	"time"

	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/user"
)

// Bounds on what one user's messages may hold of this node while they wait for their outcomes. Beyond them: ErrOverloaded.
const (
	maxWaitingItems = 1024     // to one peer
	maxWaitingAll   = 64 << 10 // to all peers
	maxWaitingBytes = 8 << 20  // to all peers
	maxCalls        = 4096     // outcomes that the user's callbacks have not been told
)

// completion wants to know how a message ended. Completed must not block.
type completion interface {
	completed(p *party, to string, o channel.Outcome, err error)
}

// SendMessageByUserID sends a message to the user yourUserID, on whichever node it is connected: its client gets a push with ver, cmd
// and exactly the message.
//
// Cb is called exactly once, on another goroutine; the callbacks of one user's messages come one after another, but for
// those of messages that are refused at once. It gets nil when the recipient's
// node has handed the message to the operating system on the recipient's connection, and also when the receiving side declined or
// emptied it ([Module.Send] tells these apart); otherwise an [*Error]. Cb may be nil. Message may be reused when the call returns.
//
// Messages of one user to another arrive in the order of the calls.
func (m *Module) SendMessageByUserID(
	userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte, cb func(error),
) {
	var c completion
	if cb != nil {
		c = callback(cb)
	}
	m.send(userData, yourUserID, channel.Message, ver, cmd, message, c)
}

// Send is SendMessageByUserID for one who waits: it returns when the message has its outcome. If ctx ends before, the message goes
// on, its outcome unknown, and ctx's error is returned.
func (m *Module) Send(ctx context.Context, from *user.User, to string, msg Message) (Receipt, error) {
	return m.wait(ctx, from, to, channel.Message, msg)
}

// Connect opens a channel ahead of the first message. The recipient's SetOnReceiveMessage callbacks are asked, with
// ver 1, cmd 702 and no message.
func (m *Module) Connect(ctx context.Context, from *user.User, to string) (Receipt, error) {
	return m.wait(ctx, from, to, channel.Connect, Message{Ver: engineVer, Cmd: cmdConnect})
}

func (m *Module) wait(ctx context.Context, from *user.User, to string, kind channel.Kind, msg Message) (Receipt, error) {
	w := make(waiter, 1)
	m.send(from, to, kind, msg.Ver, msg.Cmd, msg.Body, w)

	return w.wait(ctx)
}

// send queues an item, or says at once why not.
func (m *Module) send(from *user.User, to string, kind channel.Kind, ver uint8, cmd uint16, body []byte, c completion) {
	err := m.refusal(kind, body)
	if err == nil && (from == nil || user.CheckID(to) != nil) {
		err = ErrUserNotFound // nobody sends, or nobody can have this ID
	}
	if err != nil {
		m.refuse(to, c, err)

		return
	}
	p := m.party(from)
	p.queue(p.peer(to), kind, ver, cmd, body, c)
}

// queue queues an item, if there is room. The party is locked, and unlocked on return.
func (p *party) queue(pr *peer, kind channel.Kind, ver uint8, cmd uint16, body []byte, c completion) {
	m := p.m
	if !p.room(pr, len(body)) || p.calls.Waiting() >= maxCalls {
		p.tidy(pr)
		p.unlock()
		m.refuse(pr.id, c, ErrOverloaded)

		return
	}
	p.send(pr, newItem(kind, ver, cmd, body, c))
	if p.left { // who is gone keeps no channel
		p.send(pr, newItem(channel.Forget, 0, 0, nil, nil))
	}
	p.unlock()
	m.stats.Sent.Add(1)
}

// room tells whether one more item of so many bytes may wait. The party is locked.
func (p *party) room(pr *peer, bytes int) bool {
	return pr.ch.Waiting() < maxWaitingItems && p.waiting < maxWaitingAll && p.bytes+bytes <= maxWaitingBytes
}

var items = sync.Pool{New: func() any { return new(channel.Item) }}

// newItem makes an item with a copy of the body.
func newItem(kind channel.Kind, ver uint8, cmd uint16, body []byte, c completion) *channel.Item {
	it := items.Get().(*channel.Item) //nolint:forcetypeassert // the pool's New
	*it = channel.Item{Kind: kind, Ver: ver, Cmd: cmd, Body: append(it.Body[:0], body...), Owner: c}

	return it
}

// freeItem ends an item's life: its channel is done with it, and so are the steps that came before its Finish.
func freeItem(it *channel.Item) {
	body := it.Body
	*it = channel.Item{}
	if cap(body) <= maxPooled {
		it.Body = body[:0]
		items.Put(it)
	}
}

// send gives an item to a channel. The party is locked.
func (p *party) send(pr *peer, it *channel.Item) {
	it.Deadline = time.Now().Add(p.m.settings.ReliableTimeout)
	p.waiting++
	p.bytes += len(it.Body)
	var buf [4]channel.Action
	p.add(pr, pr.ch.Send(buf[:0], it))
	p.m.sweep.watch(p)
}

// refusal says what is wrong with a message that cannot even be queued.
func (m *Module) refusal(kind channel.Kind, body []byte) error {
	switch {
	case kind == channel.Message && len(body) == 0:
		return ErrMessageNil
	case len(body) > m.settings.MaxMessageSize:
		return ErrMessageTooLarge
	case !m.running.Load():
		return ErrNodesNotFound
	}

	return nil
}

func (m *Module) refuse(to string, c completion, err error) {
	if c == nil {
		return
	}
	err = &Error{UserID: to, Err: err}
	if cb, ok := c.(callback); ok { // there may be no party to give it to, and none is made
		go m.hooks.call(cb, err)

		return
	}
	c.completed(nil, to, 0, err)
}

// callback is the cb of SendMessageByUserID.
type callback func(error)

func (cb callback) completed(p *party, _ string, _ channel.Outcome, err error) {
	p.calls.Do(&call{m: p.m, cb: cb, err: err}, 0) // queue bounds it: by maxCalls, and what is under way then
}

// call is a callback on its way to its goroutine.
type call struct {
	m   *Module
	cb  callback
	err error
}

// Run calls it.
func (c *call) Run() { c.m.hooks.call(c.cb, c.err) }

func (h *hooks) call(cb callback, err error) {
	var ok bool
	defer func() { h.caught("SendMessageByUserID", recover(), &ok) }()
	cb(err)
}

// waiter is one who waits for the outcome.
type waiter chan waited

type waited struct {
	receipt Receipt
	err     error
}

func (w waiter) completed(_ *party, _ string, o channel.Outcome, err error) {
	w <- waited{receipt(o), err} // there is room for one
}

func (w waiter) wait(ctx context.Context) (Receipt, error) {
	select {
	case r := <-w:
		return r.receipt, r.err
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
}
