package chat

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/parley-dm/parley/client"
)

const (
	waitingEvents   = 256 // beyond it the client stops reading until the front end has caught up
	waitingMessages = 64  // beyond it Post refuses
)

// Options are what Start needs.
type Options struct {
	URL     string          // one or several, with commas between them
	Timeout time.Duration   // for one message
	Client  []client.Option // the token above all
}

// Conversation is a client with a queue of messages to send. Its methods are safe for use by
// several goroutines.
type Conversation struct {
	client  *client.Client
	timeout time.Duration
	events  chan Event
	outbox  chan post

	ctx   context.Context //nolint:containedctx // it is the life of the two goroutines below, not of a call
	stop  context.CancelFunc
	tasks sync.WaitGroup
}

type post struct {
	id   int
	to   string
	text []byte
}

// Start connects. The caller must read Events until it calls Close.
func Start(ctx context.Context, o Options) (*Conversation, error) {
	c := &Conversation{timeout: o.Timeout, events: make(chan Event, waitingEvents), outbox: make(chan post, waitingMessages)}
	c.ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx)) // ended by Close, so that what is posted last is still sent
	options := slices.Concat(o.Client, []client.Option{
		client.OnMessage(func(m client.Message) { c.tell(Event{Kind: Received, User: m.From, Text: m.Body}) }),
		client.OnPeerDisconnect(func(peer string, last []byte) { c.tell(Event{Kind: Left, User: peer, Text: last}) }),
		client.OnState(func(s client.State) { c.tell(Event{Kind: Changed, State: s}) }),
	})
	me, err := client.Dial(ctx, o.URL, options...)
	if err != nil {
		c.stop()

		return nil, err
	}
	c.client = me
	c.tasks.Go(c.send)

	return c, nil
}

// tell hands an event to the front end. It is called on the client's callback goroutine or on ours.
func (c *Conversation) tell(e Event) {
	select {
	case c.events <- e:
	case <-c.ctx.Done():
	}
}

// send owns the order of what is sent.
func (c *Conversation) send() {
	for {
		select {
		case p := <-c.outbox:
			if receipt, err := c.deliver(p); err != nil {
				c.tell(Event{Kind: Failed, ID: p.id, User: p.to, Err: err})
			} else {
				c.tell(Event{Kind: Sent, ID: p.id, User: p.to, Result: receipt.Result})
			}
		case <-c.ctx.Done():
			return
		}
	}
}

func (c *Conversation) deliver(p post) (client.Receipt, error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout)
	defer cancel()

	return c.client.Send(ctx, p.to, p.text)
}

// Post queues a message; its outcome comes as an event with this ID. It returns false if too many
// wait already.
func (c *Conversation) Post(id int, to, text string) bool {
	select {
	case c.outbox <- post{id: id, to: to, text: []byte(text)}:
		return true
	default:
		return false
	}
}

// Events delivers all events, in order.
func (c *Conversation) Events() <-chan Event { return c.events }

// UserID is the user ID of the client.
func (c *Conversation) UserID() string { return c.client.UserID() }

// URL is the address of the connection, or of the last one.
func (c *Conversation) URL() string { return c.client.URL() }

// Node is the ID of the node that the client is connected to, or was last.
func (c *Conversation) Node() string { return c.client.Node() }

// Err is why the client is closed for good, nil as long as it is not.
func (c *Conversation) Err() error { return c.client.Err() }

// Close ends the conversation. What has been posted and not sent is lost.
func (c *Conversation) Close() error {
	c.stop()
	c.tasks.Wait()

	return c.client.Close()
}
