package client

import "sync"

// Message is a message from another user.
type Message struct {
	From string // user ID of the sender, as the sender's node has checked it
	Body []byte // at least one byte; owned by the callback, which may keep and change it
}

// callbacks are the functions of the application, each nil until set.
type callbacks struct {
	message        func(Message)
	peerDisconnect func(peer string, last []byte)
	push           func(ver uint8, cmd uint16, payload []byte)
	state          func(State)
}

// callbackSet holds callbacks that can be changed while they are called.
type callbackSet struct {
	mu  sync.Mutex
	set callbacks // guarded by mu
}

func (s *callbackSet) change(f func(*callbacks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.set)
}

func (s *callbackSet) get() callbacks {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.set
}

// OnMessage sets the callback for messages from other users. The callback owns the Message and its
// Body. Messages that arrive while no callback is set are dropped: to miss none, give OnMessage to
// Dial as an option.
//
// All callbacks share these rules. Each On method replaces the callback that was set before; nil
// removes it. The client calls one callback at a time, in the order of arrival, on a goroutine of
// its own: a callback may call any method of the client, and a slow callback delays only the
// callbacks behind it.
func (c *Client) OnMessage(f func(Message)) {
	c.tell.change(func(cb *callbacks) { cb.message = f })
}

// OnPeerDisconnect sets the callback for a peer that has left or disconnected. Last is the peer's
// last message, or empty; the callback owns it.
func (c *Client) OnPeerDisconnect(f func(peer string, last []byte)) {
	c.tell.change(func(cb *callbacks) { cb.peerDisconnect = f })
}

// OnPush sets the callback for pushes of the server's program: all pushes but those that OnMessage
// and OnPeerDisconnect are for. The callback owns payload.
func (c *Client) OnPush(f func(ver uint8, cmd uint16, payload []byte)) {
	c.tell.change(func(cb *callbacks) { cb.push = f })
}

// OnState sets the callback for changes of the connection: lost, made anew, closed for good. Close
// itself is not told.
func (c *Client) OnState(f func(State)) {
	c.tell.change(func(cb *callbacks) { cb.state = f })
}

// deliver calls the callbacks until the queue has ended.
func (c *Client) deliver() {
	for {
		ev, ok := c.in.take()
		if !ok {
			return
		}
		cb := c.tell.get()
		switch {
		case ev.kind == eventMessage && cb.message != nil:
			cb.message(Message{From: ev.peer, Body: ev.data})
		case ev.kind == eventPeerDisconnect && cb.peerDisconnect != nil:
			cb.peerDisconnect(ev.peer, ev.data)
		case ev.kind == eventPush && cb.push != nil:
			cb.push(ev.ver, ev.cmd, ev.data)
		case ev.kind == eventState && cb.state != nil:
			cb.state(ev.state)
		}
	}
}
