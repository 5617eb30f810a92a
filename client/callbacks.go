package client

import "sync"

// callbacks are what the application wants to be told, each nil until set.
type callbacks struct {
	message        func(from string, msg []byte)
	peerDisconnect func(peer string, last []byte)
	push           func(ver uint8, cmd uint16, payload []byte)
	state          func(State)
}

// switchboard is callbacks that can be changed while they are called.
type switchboard struct {
	mu  sync.Mutex
	set callbacks // guarded by mu
}

func (s *switchboard) change(f func(*callbacks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.set)
}

func (s *switchboard) get() callbacks {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.set
}

// OnMessage sets who is given the messages other users send, with the sender's user ID. The callback may keep msg.
// Messages that arrive while no callback is set are dropped: to miss none, give OnMessage to Dial as an option.
//
// This goes for all callbacks: each On method replaces what was set before, nil removes it. They are
// called one at a time, in the order in which things arrived, on a goroutine of the client that does nothing else: they may
// call any method of the client, and one that takes its time delays only the next.
func (c *Client) OnMessage(f func(from string, msg []byte)) {
	c.tell.change(func(cb *callbacks) { cb.message = f })
}

// OnPeerDisconnect sets who is told that a peer has left or disconnected, with the last message made for that,
// which may be empty.
func (c *Client) OnPeerDisconnect(f func(peer string, last []byte)) {
	c.tell.change(func(cb *callbacks) { cb.peerDisconnect = f })
}

// OnPush sets who is given the pushes of applications: all but the two that OnMessage and OnPeerDisconnect are for.
// The callback may keep payload.
func (c *Client) OnPush(f func(ver uint8, cmd uint16, payload []byte)) {
	c.tell.change(func(cb *callbacks) { cb.push = f })
}

// OnState sets who is told when the connection is lost, stands again, or is over for good (unless by Close,
// whose caller knows).
func (c *Client) OnState(f func(State)) {
	c.tell.change(func(cb *callbacks) { cb.state = f })
}

// deliver calls the callbacks until there is nothing more to tell.
func (c *Client) deliver() {
	for {
		ev, ok := c.in.take()
		if !ok {
			return
		}
		cb := c.tell.get()
		switch {
		case ev.kind == eventMessage && cb.message != nil:
			cb.message(ev.peer, ev.data)
		case ev.kind == eventPeerDisconnect && cb.peerDisconnect != nil:
			cb.peerDisconnect(ev.peer, ev.data)
		case ev.kind == eventPush && cb.push != nil:
			cb.push(ev.ver, ev.cmd, ev.data)
		case ev.kind == eventState && cb.state != nil:
			cb.state(ev.state)
		}
	}
}
