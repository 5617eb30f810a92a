package demo

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/chat"
)

// demoUser is a user with a client.
type demoUser struct {
	*client.Client

	id    string
	on    tourNode
	heard chan string       // messages, until the user answers them by itself
	left  chan string       // peers that have left, likewise
	state chan client.State // changes of the connection
	talks atomic.Bool       // answers by itself

	life context.Context //nolint:containedctx // until when it answers; set before talks
	told chan<- string   // lines for the terminal; set before talks
}

const heardAtMost = 256

// login connects a user to a node by WebSocket if ws, else by TCP, with other nodes to go to when
// that node fails.
func (d *demo) login(ctx context.Context, id string, ws bool, on tourNode, others ...tourNode) (*demoUser, error) {
	p := &demoUser{id: id, on: on, heard: make(chan string, heardAtMost), left: make(chan string, heardAtMost), state: make(chan client.State, heardAtMost)}
	urls := []string{on.tcp}
	if ws {
		urls[0] = on.web
	}
	for _, other := range others {
		urls = append(urls, other.tcp)
	}
	var err error
	p.Client, err = client.Dial(ctx, strings.Join(urls, ","),
		client.WithTokenSource(func(context.Context) (string, error) { return d.cluster.Token(id) }),
		client.WithName("parley-demo"),
		client.OnMessage(p.message),
		client.OnPeerDisconnect(p.gone),
		client.OnState(p.changed),
	)
	if err != nil {
		return nil, fmt.Errorf("%s cannot log in: %w", id, err)
	}

	return p, nil
}

// message is a callback of the client.
func (p *demoUser) message(m client.Message) {
	from, msg := m.From, m.Body
	if !p.talks.Load() {
		select {
		case p.heard <- string(msg):
		default: // the tour reads each of its few messages
		}

		return
	}
	p.say(fmt.Sprintf("%s hears from %s: %s", p.id, from, chat.Readable(msg)))
	ctx, cancel := context.WithTimeout(p.life, patience)
	defer cancel()
	if _, err := p.Send(ctx, from, fmt.Appendf(nil, "%s, on node %s, has heard: %s", p.id, p.nodeName(), msg)); err != nil {
		p.say(fmt.Sprintf("%s could not answer %s: %v", p.id, from, err))
	}
}

func (p *demoUser) gone(peer string, _ []byte) {
	if p.talks.Load() {
		p.say(fmt.Sprintf("%s learns that %s has left", p.id, peer))

		return
	}
	select {
	case p.left <- peer:
	default:
	}
}

func (p *demoUser) changed(s client.State) {
	select {
	case p.state <- s:
	default: // only the tour looks
	}
}

// nodeName is the name of the user's node, without the part that tells restarts apart.
func (p *demoUser) nodeName() string {
	name, _, _ := strings.Cut(p.Node(), "#")

	return name
}

// answer makes the user answer every message, until ctx ends.
func (p *demoUser) answer(ctx context.Context, told chan<- string) {
	p.life, p.told = ctx, told
	p.talks.Store(true)
}

func (p *demoUser) say(line string) {
	select {
	case p.told <- line:
	case <-p.life.Done():
	}
}

// send sends a message and measures how long it took until it was known to be delivered.
func (p *demoUser) send(ctx context.Context, to, text string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := time.Now()
	_, err := p.Send(ctx, to, []byte(text))

	return time.Since(start), err
}

// hear waits for the next message.
func (p *demoUser) hear(ctx context.Context) (string, error) {
	return await(ctx, p.heard, p.id+" waited for a message in vain")
}

func await[T any](ctx context.Context, ch <-chan T, vain string) (v T, err error) {
	select {
	case v = <-ch:
		return v, nil
	case <-ctx.Done():
		return v, ctx.Err()
	case <-time.After(patience):
		return v, fmt.Errorf("%w: %s", errPatience, vain)
	}
}
