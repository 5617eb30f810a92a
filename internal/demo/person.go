package demo

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/chat"
)

// person is a user with a client.
type person struct {
	*client.Client

	id    string
	on    *node
	heard chan string // messages, while nobody answers them
	left  chan string // peers that have left
	talks atomic.Bool // answers by itself

	life context.Context //nolint:containedctx // until when it answers; set before talks
	told chan<- string   // what it tells the guest; set before talks
}

const heardAtMost = 256

// login connects somebody to a node, by WebSocket if ws.
func (d *demo) login(ctx context.Context, id string, on *node, ws bool) (*person, error) {
	p := &person{id: id, on: on, heard: make(chan string, heardAtMost), left: make(chan string, heardAtMost)}
	url := "tcp://" + on.TCPAddr()
	if ws {
		url = "ws://" + on.HTTPAddr() + "/ws"
	}
	var err error
	p.Client, err = client.Dial(ctx, url,
		client.WithTokenSource(func(context.Context) (string, error) { return on.Token(id) }),
		client.WithName("parley-demo"),
		client.OnMessage(p.message),
		client.OnPeerDisconnect(p.gone),
	)
	if err != nil {
		return nil, fmt.Errorf("%s cannot log in: %w", id, err)
	}

	return p, nil
}

// message is called by the client, one after another.
func (p *person) message(m client.Message) {
	from, msg := m.From, m.Body
	if !p.talks.Load() {
		select {
		case p.heard <- string(msg):
		default: // the tour never leaves that many unheard
		}

		return
	}
	p.say(fmt.Sprintf("%s hears from %s: %s", p.id, from, chat.Readable(msg)))
	ctx, cancel := context.WithTimeout(p.life, patience)
	defer cancel()
	if _, err := p.Send(ctx, from, fmt.Appendf(nil, "%s, on node %s, has heard: %s", p.id, p.on.name, msg)); err != nil {
		p.say(fmt.Sprintf("%s could not answer %s: %v", p.id, from, err))
	}
}

func (p *person) gone(peer string, _ []byte) {
	if p.talks.Load() {
		p.say(fmt.Sprintf("%s learns that %s has left", p.id, peer))

		return
	}
	select {
	case p.left <- peer:
	default:
	}
}

// answer makes the person answer whoever writes, until ctx ends.
func (p *person) answer(ctx context.Context, told chan<- string) {
	p.life, p.told = ctx, told
	p.talks.Store(true)
}

func (p *person) say(line string) {
	select {
	case p.told <- line:
	case <-p.life.Done():
	}
}

// send sends a message and measures how long it took until it was known to be delivered.
func (p *person) send(ctx context.Context, to, text string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := time.Now()
	_, err := p.Send(ctx, to, []byte(text))

	return time.Since(start), err
}

// hear waits for the next message.
func (p *person) hear(ctx context.Context) (string, error) {
	return await(ctx, p.heard, p.id+" waited for a message in vain")
}

func await(ctx context.Context, ch <-chan string, vain string) (string, error) {
	select {
	case s := <-ch:
		return s, nil
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(patience):
		return "", fmt.Errorf("%w: %s", errPatience, vain)
	}
}
