package runtime

import (
	"context"
	"sync"
	"time"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// completion is told how a message ended. Completed must not block. S is nil if the message was
// refused at once.
type completion interface {
	completed(s *session, o core.Outcome, err error)
}

// SendMessageByUserID sends a message: see dm.Module.
func (m *Runtime) SendMessageByUserID(u *user.User, to string, ver uint8, cmd uint16, message []byte, cb func(error)) {
	var c completion
	if cb != nil {
		c = callback(cb)
	}
	m.send(context.Background(), u, to, core.Message, ver, cmd, message, c)
}

// Send sends a message and waits for its outcome: see dm.Module.
func (m *Runtime) Send(ctx context.Context, from *user.User, to string, ver uint8, cmd uint16, body []byte) (wire.Receipt, error) {
	w := make(waiter, 1)
	m.send(ctx, from, to, core.Message, ver, cmd, body, w)

	return w.wait(ctx)
}

// Connect opens a channel ahead of the first message: see dm.Module.
func (m *Runtime) Connect(ctx context.Context, from *user.User, to string) (wire.Receipt, error) {
	w := make(waiter, 1)
	m.send(ctx, from, to, core.Connect, wire.EngineVer, wire.CommandConnect, nil, w)

	return w.wait(ctx)
}

// send queues an item, or says at once why not. Ctx is read for a trace that goes on.
func (m *Runtime) send(ctx context.Context, from *user.User, to string, kind core.Kind, ver uint8, cmd uint16, body []byte, c completion) {
	var err error
	switch {
	case from == nil:
		err = noSender(to)
	case user.CheckID(to) != nil:
		err = badUserID(to)
	default:
		err = m.refusal(kind, to, body)
	}
	if err != nil {
		m.refuse(c, err)

		return
	}
	s := m.lockSession(from)
	conv := s.core.Conversation(to)
	if err := s.queue(ctx, conv, kind, ver, cmd, body, c); err != nil {
		s.endEvent()
		m.refuse(c, err)

		return
	}
	s.endEvent()
}

// queue queues an item, if there is room. The session is locked.
func (s *session) queue(ctx context.Context, conv *core.Conversation, kind core.Kind, ver uint8, cmd uint16, body []byte, c completion) error {
	m := s.m
	if !s.roomForItem(conv, len(body)) || s.callsOpen.Load() >= maxCalls {
		s.effects = s.core.Release(s.effects, conv)

		return codeError(wire.CodeOverloaded, conv.Peer())
	}
	if m.tracer != nil {
		c = s.traced(ctx, conv, kind, ver, cmd, body, c)
	}
	now := time.Now().UnixNano()
	s.effects = s.core.Send(s.effects, now, conv, m.newItem(now, kind, ver, cmd, body, c))
	m.stats.sent.Add(1)

	return nil
}

var items = sync.Pool{New: func() any { return new(core.Item) }}

// newItem makes an item with a copy of the body.
func (m *Runtime) newItem(now int64, kind core.Kind, ver uint8, cmd uint16, body []byte, c completion) *core.Item {
	it := items.Get().(*core.Item) //nolint:forcetypeassert // the pool's New
	*it = core.Item{Kind: kind, Ver: ver, Cmd: cmd, Body: append(it.Body[:0], body...), Deadline: now + int64(m.settings.ReliableTimeout)}
	if c != nil {
		it.Owner = c
	}

	return it
}

// freeItem ends an item's life: the core is done with it, and so are the effects that came before
// its Finish.
func freeItem(it *core.Item) {
	body := it.Body
	*it = core.Item{}
	if cap(body) <= maxPooled {
		it.Body = body[:0]
		items.Put(it)
	}
}

// refusal says what is wrong with a message that cannot even be queued.
func (m *Runtime) refusal(kind core.Kind, to string, body []byte) error {
	switch {
	case kind == core.Message && len(body) == 0:
		return codeError(wire.CodeMessageNil, to)
	case len(body) > m.settings.MaxMessageSize:
		return codeError(wire.CodeTooLarge, to)
	case !m.running.Load():
		return codeError(wire.CodeNodesNotFound, to)
	}

	return nil
}

// refuse tells of a message that was not queued.
func (m *Runtime) refuse(c completion, err error) {
	m.stats.refused(err)
	if c == nil {
		return
	}
	if cb, ok := c.(callback); ok { // there may be no session to give it to, and none is made
		go m.callbacks.call(cb, err)

		return
	}
	c.completed(nil, 0, err)
}

// callback is the cb of SendMessageByUserID.
type callback func(error)

func (cb callback) completed(s *session, _ core.Outcome, err error) {
	s.callsOpen.Add(1)
	s.calls.Do(&call{s: s, cb: cb, err: err}, 0) // queue bounds it: by maxCalls, and what is under way then
}

// call is a callback on its way to its goroutine.
type call struct {
	s   *session
	cb  callback
	err error
}

// Run calls it.
func (c *call) Run() {
	s := c.s
	s.m.callbacks.call(c.cb, c.err)
	if s.callsOpen.Add(-1) == 0 && s.blank { // it may be all that has kept the session
		s.mu.Lock()
		s.endEvent()
	}
}

func (h *callbacks) call(cb callback, err error) {
	var ok bool
	defer func() { h.caught("SendMessageByUserID", recover(), &ok) }()
	cb(err)
}

// waiter waits for an outcome.
type waiter chan waited

type waited struct {
	receipt wire.Receipt
	err     error
}

func (w waiter) completed(_ *session, o core.Outcome, err error) {
	w <- waited{receipt(o), err} // there is room for one
}

func (w waiter) wait(ctx context.Context) (wire.Receipt, error) {
	select {
	case r := <-w:
		return r.receipt, r.err
	case <-ctx.Done():
		return wire.Receipt{}, ctx.Err()
	}
}
