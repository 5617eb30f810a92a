package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Options are the settings of a demo.
type Options struct {
	Out     io.Writer
	Once    bool   // end after the tour
	Fast    bool   // without pauses
	Program string // the parley binary, which the demo starts for one node
	Command string // how the user starts parley, for the commands that the demo prints
}

// readingTime is the pause before each step.
const readingTime = 2500 * time.Millisecond

// patience is how long the tour waits for what should take milliseconds.
const patience = 20 * time.Second

// Run gives the tour, and then stays up until ctx ends.
func Run(ctx context.Context, o Options) error {
	d := &demo{Options: o}
	defer d.stop(context.WithoutCancel(ctx))
	if err := d.tour(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // ctrl+c during the tour
		}

		return err
	}
	if o.Once {
		return nil
	}
	d.stay(ctx)

	return nil
}

// demo is the cluster and its users.
type demo struct {
	Options

	nodes []*node
	users []*demoUser
}

func (d *demo) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, p := range d.users {
		_ = p.Close()
	}
	stopAll(ctx, d.nodes)
}

func (d *demo) sayf(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// step begins a part of the tour, after a pause for the reader.
func (d *demo) step(ctx context.Context, n int, title string) {
	if !d.Fast && n > 1 {
		timer := time.NewTimer(readingTime)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done(): // the step itself returns its error
		}
	}
	d.sayf("\n%d. %s", n, title)
}

// stay has the users answer until ctx ends.
func (d *demo) stay(ctx context.Context) {
	first, second := d.nodes[0], d.nodes[1]
	d.sayf("\nIt stays up until ctrl+c. Alice (on n1) and bob (on n2) answer every message. In other terminals:\n")
	d.sayf("  %s chat --as dave --with alice --url %s", d.Command, first.tcp)
	d.sayf("  %s chat --as erin --with dave --url %s", d.Command, second.web)
	d.sayf("  %s chat --as frank --with bob --url %s --url %s", d.Command, first.tcp, second.tcp)
	d.sayf("  %s serve --node n4 --tcp 127.0.0.1:0 --http 127.0.0.1:0 --cluster 127.0.0.1:0 --join %s --cluster-secret %s\n",
		d.Command, first.cluster, second.secret)
	told := make(chan string, heardAtMost)
	for _, p := range []*demoUser{d.alice(), d.bob()} {
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
