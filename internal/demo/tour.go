package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/chat"
)

const manyMessages = 500

// steps is the number of steps of the tour.
const steps = 8

// tour shows what happens between users on different nodes, one step after the other.
func (d *demo) tour(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		d.logins, d.firstMessage, d.laterMessages, d.move, d.notFound, d.leaving, d.nodeDies,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}

	return nil
}

// begin starts the nodes.
func (d *demo) begin(ctx context.Context) error {
	if !d.NoTour {
		d.sayf("Parley: a tour in eight steps. Every figure was measured just now, on this machine.")
		d.step(ctx, 1, "Three nodes form a cluster. They share a secret, find each other by gossip, and link up.")
	}
	start := time.Now()
	if err := d.cluster.start(ctx); err != nil {
		return err
	}
	for _, n := range d.cluster.nodes {
		at, err := d.cluster.place(n.name)
		if err != nil {
			return err
		}
		d.nodes = append(d.nodes, tourNode{name: n.name, tcp: "tcp://" + at.TCP, web: "ws://" + at.HTTP + "/ws", cluster: at.Cluster})
	}
	for _, n := range d.nodes {
		d.sayf("   %s   clients %s and %s, other nodes %s", n.name, n.tcp, n.web, n.cluster)
	}
	d.sayf("   All three are ready after %s; each is a process of its own.", short(time.Since(start)))

	return nil
}

func (d *demo) logins(ctx context.Context) error {
	d.step(ctx, 2, "Three users log in, each on another node. Each login is registered with the node that owns the user ID.")
	for _, l := range []struct {
		id string
		ws bool
	}{{"alice", false}, {"carol", false}, {"bob", true}} {
		on := d.nodes[len(d.users)]
		start := time.Now()
		p, err := d.login(ctx, l.id, l.ws, on)
		if err != nil {
			return err
		}
		d.users = append(d.users, p)
		how := "TCP"
		if l.ws {
			how = "WebSocket"
		}
		d.sayf("   %-5s on %s by %s: welcome after %s. Every node can find %s.", l.id, on.name, how, short(time.Since(start)), l.id)
	}

	return nil
}

func (d *demo) alice() *demoUser { return d.users[0] }
func (d *demo) carol() *demoUser { return d.users[1] }
func (d *demo) bob() *demoUser   { return d.users[2] }

func (d *demo) firstMessage(ctx context.Context) error {
	d.step(ctx, 3, "Alice sends bob a first message. Her node asks the owner of bob's user ID for his node, and sends the message there.")
	took, err := d.alice().send(ctx, "bob", "hello bob, wherever you are")
	if err != nil {
		return err
	}
	text, err := d.bob().hear(ctx)
	if err != nil {
		return err
	}
	d.sayf("   bob, on %s, receives: %q", d.bob().on.name, text)
	d.sayf("   Alice has the receipt after %s: delivered. Both nodes remember the route: that is a channel.", short(took))

	return nil
}

func (d *demo) laterMessages(ctx context.Context) error {
	d.step(ctx, 4, fmt.Sprintf("%d more messages, one after another, go directly to bob's node.", manyMessages))
	times := make([]time.Duration, manyMessages)
	for i := range times {
		took, err := d.alice().send(ctx, "bob", fmt.Sprintf("message %d", i))
		if err != nil {
			return err
		}
		times[i] = took
		text, err := d.bob().hear(ctx)
		if err != nil {
			return err
		}
		if want := fmt.Sprintf("message %d", i); text != want {
			return fmt.Errorf("bob heard %q where %q was next", text, want)
		}
	}
	slices.Sort(times)
	d.sayf("   Each delivered, in order, none twice. The receipt came after %s (median), %s (99th percentile), %s (slowest).",
		short(times[len(times)/2]), short(times[len(times)*99/100]), short(times[len(times)-1]))

	return nil
}

func (d *demo) move(ctx context.Context) error {
	d.step(ctx, 5, "Bob logs in again, on another node. A user has one session in the whole cluster: the newer one wins.")
	old := d.bob()
	moved, err := d.login(ctx, "bob", false, d.nodes[1])
	if err != nil {
		return err
	}
	d.users[2] = moved
	select {
	case <-old.Done():
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return fmt.Errorf("%w: bob's old session did not end", errPatience)
	}
	d.sayf("   His old client is told why, and does not reconnect: %s.", chat.Explain(old.Err(), "", ""))
	took, err := d.alice().send(ctx, "bob", "still there?")
	if err != nil {
		return err
	}
	text, err := moved.hear(ctx)
	if err != nil {
		return err
	}
	d.sayf("   Alice's next message reaches him on %s after %s: %q. She sees no error.", moved.on.name, short(took), text)

	return nil
}

func (d *demo) notFound(ctx context.Context) error {
	d.step(ctx, 6, "Alice writes to zed, a user that is not connected to any node.")
	took, err := d.alice().send(ctx, "zed", "hello?")
	if !errors.Is(err, client.ErrUserNotFound) {
		return fmt.Errorf("the message to zed ended with %w", err)
	}
	d.sayf("   %s: alice has the answer after %s.", chat.Explain(err, "zed", ""), short(took))

	return nil
}

func (d *demo) leaving(ctx context.Context) error {
	d.step(ctx, 7, "Carol writes to alice, then closes her client.")
	if _, err := d.carol().send(ctx, "alice", "I have to go"); err != nil {
		return err
	}
	if _, err := d.alice().hear(ctx); err != nil {
		return err
	}
	start := time.Now()
	if err := d.carol().Close(); err != nil {
		return err
	}
	user, err := await(ctx, d.alice().left, "alice was not told that carol has left")
	if err != nil {
		return err
	}
	d.sayf("   Alice is told that %s has left, %s after the closing began.", user, short(time.Since(start)))

	return nil
}

// nodeDies kills a node while one of its users talks. The client of that user has the addresses of
// the other nodes.
func (d *demo) nodeDies(ctx context.Context) error {
	first, second, third := d.nodes[0], d.nodes[1], d.nodes[2]
	d.step(ctx, 8, "Grace logs in on n3, and has the addresses of n1 and n2 as well. She and alice talk; then n3 is killed, as by kill -9.")
	grace, err := d.login(ctx, "grace", false, third, first, second)
	if err != nil {
		return err
	}
	d.users = append(d.users, grace)
	if _, err := await(ctx, grace.state, "grace waited for her connection in vain"); err != nil {
		return err
	}
	if _, err := grace.send(ctx, "alice", "all is well on n3"); err != nil {
		return err
	}
	if _, err := d.alice().hear(ctx); err != nil {
		return err
	}
	killed := time.Now()
	if err := d.cluster.killNode(third.name); err != nil {
		return err
	}
	for state := client.StateReconnecting; state != client.StateConnected; {
		if state, err = await(ctx, grace.state, "grace waited for another node in vain"); err != nil {
			return err
		}
	}
	d.sayf("   n3 is gone: no process, no listener, no link.")
	d.sayf("   Grace's client is on %s %s after the kill, by itself.", grace.nodeName(), short(time.Since(killed)))
	user, err := await(ctx, d.alice().left, "alice was not told that grace's session has ended")
	if err != nil {
		return err
	}
	d.sayf("   Alice was told that the session of %s had ended.", user)
	took, err := d.alice().send(ctx, "grace", "are you back?")
	if err != nil {
		return err
	}
	text, err := grace.hear(ctx)
	if err != nil {
		return err
	}
	d.sayf("   Alice's next message reaches grace on %s after %s: %q.", grace.nodeName(), short(took), text)
	if d.Once {
		return nil
	}
	d.pause(ctx)
	start := time.Now()
	if err := d.cluster.restartNode(ctx, third.name); err != nil {
		return err
	}
	d.sayf("   n3 is started again, and ready after %s.", short(time.Since(start)))

	return nil
}

// short rounds a duration to three digits.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for unit*1000 <= d {
		unit *= 10
	}

	text := d.Round(unit).String()
	end := strings.IndexFunc(text, unicode.IsLetter)

	return text[:end] + " " + text[end:]
}
