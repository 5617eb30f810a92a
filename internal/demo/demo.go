package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Options are what a demo may be told.
type Options struct {
	Out  io.Writer
	Once bool // end after the tour
}

// patience is how long the tour waits for what should take milliseconds.
const patience = 20 * time.Second

// Run gives the tour, and then stays up until ctx ends.
func Run(ctx context.Context, o Options) error {
	d := &demo{out: o.Out}
	defer d.stop(context.WithoutCancel(ctx))
	if err := d.tour(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // the guest has left early
		}

		return err
	}
	if o.Once {
		return nil
	}
	d.stay(ctx)

	return nil
}

// demo is the cluster and the people on it.
type demo struct {
	out    io.Writer
	nodes  []*node
	people []*person
}

func (d *demo) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, p := range d.people {
		_ = p.Close()
	}
	stopAll(ctx, d.nodes)
}

func (d *demo) sayf(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// step begins a part of the tour.
func (d *demo) step(n int, title string) { d.sayf("\n%d. %s", n, title) }

// stay lets people try the commands.
func (d *demo) stay(ctx context.Context) {
	first, second, third := d.nodes[0], d.nodes[1], d.nodes[2]
	d.sayf("\nIt stays up until ctrl+c. Alice (on n1) and bob (on n2) answer whoever writes to them. In other terminals:\n")
	d.sayf("  parley chat --as dave --with alice --url tcp://%s", first.TCPAddr())
	d.sayf("  parley chat --as erin --with dave --url ws://%s/ws", third.HTTPAddr())
	d.sayf("  parley chat --as frank --with bob --url tcp://%s", third.TCPAddr())
	d.sayf("  parley serve --node n4 --tcp 127.0.0.1:0 --http 127.0.0.1:0 --cluster 127.0.0.1:0 --join %s --cluster-secret %s\n",
		first.ClusterAddr(), second.secret)
	told := make(chan string, heardAtMost)
	for _, p := range []*person{d.alice(), d.bob()} {
		p.answer(ctx, told)
	}
	for {
		select {
		case line := <-told:
			d.sayf("  %s", line)
		case <-ctx.Done():
			d.sayf("\nstopping")

			return
		}
	}
}

var errPatience = errors.New("the demo waited in vain")
