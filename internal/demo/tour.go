package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/chat"
)

const manyMessages = 500

// tour shows what happens between users on different nodes, one step after the other.
func (d *demo) tour(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		d.cluster, d.logins, d.firstMessage, d.laterMessages, d.move, d.notFound, d.leaving,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}

	return nil
}

func (d *demo) cluster(ctx context.Context) (err error) {
	d.sayf("Parley: a tour. Every figure below was measured just now, on this machine.")
	d.step(1, "Three nodes form a cluster. They share a secret, find each other by gossip, and link up.")
	start := time.Now()
	d.nodes, err = startNodes(ctx, "n1", "n2", "n3")
	if err != nil {
		return err
	}
	for _, n := range d.nodes {
		d.sayf("   %s   clients tcp://%s and ws://%s/ws, other nodes %s", n.name, n.TCPAddr(), n.HTTPAddr(), n.ClusterAddr())
	}
	d.sayf("   All three are up and in step after %s.", short(time.Since(start)))

	return nil
}

func (d *demo) logins(ctx context.Context) error {
	d.step(2, "Three users log in, each on another node. Each is registered with the node that owns its user ID.")
	for _, l := range []struct {
		id string
		ws bool
	}{{"alice", false}, {"carol", false}, {"bob", true}} {
		on := d.nodes[len(d.people)]
		start := time.Now()
		p, err := d.login(ctx, l.id, on, l.ws)
		if err != nil {
			return err
		}
		d.people = append(d.people, p)
		how := "TCP"
		if l.ws {
			how = "WebSocket"
		}
		d.sayf("   %-5s on %s by %s: welcome after %s. From now on every node finds %s.", l.id, on.name, how, short(time.Since(start)), l.id)
	}

	return nil
}

func (d *demo) alice() *person { return d.people[0] }
func (d *demo) carol() *person { return d.people[1] }
func (d *demo) bob() *person   { return d.people[2] }

func (d *demo) firstMessage(ctx context.Context) error {
	d.step(3, "Alice sends bob a first message. Her node asks the owner of his user ID where he is, and sends the message there.")
	took, err := d.alice().send(ctx, "bob", "hello bob, wherever you are")
	if err != nil {
		return err
	}
	text, err := d.bob().hear(ctx)
	if err != nil {
		return err
	}
	d.sayf("   bob, on %s, hears: %q", d.bob().on.name, text)
	d.sayf("   Alice knows after %s that it has been delivered. Both nodes now remember the way: that is a channel.", short(took))

	return nil
}

func (d *demo) laterMessages(ctx context.Context) error {
	d.step(4, fmt.Sprintf("%d more messages, one after another, go straight to bob's node.", manyMessages))
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
	d.sayf("   Each delivered, in order, none twice. Alice's client had its answer after %s (half of them), %s (99 of 100), %s (the slowest).",
		short(times[len(times)/2]), short(times[len(times)*99/100]), short(times[len(times)-1]))

	return nil
}

func (d *demo) move(ctx context.Context) error {
	d.step(5, "Bob logs in again, on another node. A user has one session in the whole cluster: the newer one wins.")
	old := d.bob()
	moved, err := d.login(ctx, "bob", d.nodes[1], false)
	if err != nil {
		return err
	}
	d.people[2] = moved
	select {
	case <-old.Done():
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		return fmt.Errorf("%w: bob's old session did not end", errPatience)
	}
	d.sayf("   His old client is told why, and stays away: %s.", chat.Explain(old.Err(), "", ""))
	took, err := d.alice().send(ctx, "bob", "still there?")
	if err != nil {
		return err
	}
	text, err := moved.hear(ctx)
	if err != nil {
		return err
	}
	d.sayf("   Alice's next message finds him on %s after %s: %q. She sees no error and does nothing.", moved.on.name, short(took), text)

	return nil
}

func (d *demo) notFound(ctx context.Context) error {
	d.step(6, "Alice writes to somebody who is not connected anywhere.")
	took, err := d.alice().send(ctx, "nobody", "hello?")
	if !errors.Is(err, client.ErrUserNotFound) {
		return fmt.Errorf("a message to nobody ended with %w", err)
	}
	d.sayf("   After %s she knows: %s.", short(took), chat.Explain(err, "nobody", ""))

	return nil
}

func (d *demo) leaving(ctx context.Context) error {
	d.step(7, "Carol writes to alice, then closes her client.")
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
	who, err := await(ctx, d.alice().left, "alice was not told that carol has left")
	if err != nil {
		return err
	}
	d.sayf("   Alice is told that %s has left, %s after the closing began.", who, short(time.Since(start)))

	return nil
}

// short rounds a duration to three digits.
func short(d time.Duration) string {
	unit := time.Duration(1)
	for unit*1000 <= d {
		unit *= 10
	}

	return d.Round(unit).String()
}
