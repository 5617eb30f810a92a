package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parley-dm/parley/internal/demopage"
)

// Options are the settings of a demo.
type Options struct {
	Out     io.Writer
	Once    bool   // end after the tour, without a page
	Fast    bool   // without pauses
	NoTour  bool   // the page only
	NoOpen  bool   // do not open the page in a browser
	Listen  string // where the page is served, host and port; empty: see DefaultListen
	Program string // the parley binary, which the demo starts for each node
	Command string // how the user starts parley, for the commands that the demo prints
}

// readingTime is the pause before each step.
const readingTime = 2500 * time.Millisecond

// viewerTime is how long the tour waits for the page to be open.
const viewerTime = 4 * time.Second

// patience is how long the tour waits for what should take milliseconds.
const patience = 20 * time.Second

// Run starts the nodes and the page, gives the tour, and then stays up until ctx ends.
func Run(ctx context.Context, o Options) error {
	c, err := newCluster(o.Program, "n1", "n2", "n3")
	if err != nil {
		return err
	}
	d := &demo{Options: o, cluster: c}
	defer d.stop(context.WithoutCancel(ctx))
	if !o.Once {
		if err := d.openPage(ctx); err != nil {
			return err
		}
	}
	if err := d.run(ctx); err != nil && ctx.Err() == nil {
		return err
	}

	return nil
}

// demo is the cluster and its users.
type demo struct {
	Options

	cluster *cluster
	page    *page // nil: none is served
	nodes   []tourNode
	users   []*demoUser
}

func (d *demo) run(ctx context.Context) error {
	if err := d.begin(ctx); err != nil {
		return err
	}
	if !d.NoTour {
		d.awaitViewer(ctx)
		if err := d.guide(ctx); err != nil {
			return err
		}
	}
	if !d.Once {
		d.stay(ctx)
	}

	return nil
}

// tourNode is where a node of the tour can be reached.
type tourNode struct {
	name     string
	tcp, web string // URLs for clients
	cluster  string // address for other nodes
}

func (d *demo) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, p := range d.users {
		_ = p.Close()
	}
	d.cluster.stop(ctx)
	if d.page != nil {
		d.page.close()
	}
}

func (d *demo) sayf(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// awaitViewer waits a moment for the page that a browser was asked to open: the tour is to be seen
// there from its beginning.
func (d *demo) awaitViewer(ctx context.Context) {
	if d.page == nil || !d.page.opened {
		return
	}
	timer := time.NewTimer(viewerTime)
	defer timer.Stop()
	select {
	case <-d.cluster.feed.Viewed():
	case <-timer.C:
	case <-ctx.Done():
	}
}

// guide gives the tour. It ends early if the user of the page kills or restarts a node.
func (d *demo) guide(ctx context.Context) error {
	touring, end := context.WithCancelCause(ctx)
	defer end(nil)
	d.cluster.onAction(func() { end(errDisturbed) })
	defer d.cluster.onAction(nil)
	err := d.tour(touring)
	last := "That was the tour. Now it is your turn."
	if errors.Is(context.Cause(touring), errDisturbed) {
		last = "The tour ends here: a node was killed or restarted on the page."
		err = nil
	}
	if err != nil || d.Once {
		return err
	}
	d.pause(touring)
	d.keepTalkers()
	d.sayf("\n%s", last)
	d.cluster.feed.SetCaption(demopage.Caption{Text: last})

	return nil
}

// keepTalkers sends the users of the tour away, but for two.
func (d *demo) keepTalkers() {
	talkers := d.users[:0]
	for _, p := range d.users {
		if p.id == "alice" || p.id == "bob" {
			talkers = append(talkers, p)
		} else {
			_ = p.Close()
		}
	}
	d.users = talkers
}

// step begins a part of the tour, after a pause for the reader.
func (d *demo) step(ctx context.Context, n int, title string) {
	if n > 1 {
		d.pause(ctx)
	}
	d.sayf("\n%d. %s", n, title)
	d.cluster.feed.SetCaption(demopage.Caption{Step: n, Steps: steps, Text: title})
}

// pause gives the reader time.
func (d *demo) pause(ctx context.Context) {
	if d.Fast {
		return
	}
	timer := time.NewTimer(readingTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done(): // what follows returns its error
	}
}

// stay has the users answer until ctx ends.
func (d *demo) stay(ctx context.Context) {
	first, second := d.nodes[0], d.nodes[1]
	d.sayf("\nIt stays up until ctrl+c.%s In other terminals:\n", d.whoAnswers())
	with := "ada" // a user of the page
	if len(d.users) > 0 {
		with = d.users[0].id
	}
	d.sayf("  %s chat --as dave --with %s --url %s", d.Command, with, first.tcp)
	d.sayf("  %s chat --as erin --with dave --url %s", d.Command, second.web)
	d.sayf("  %s chat --as frank --with %s --url %s --url %s", d.Command, with, first.tcp, second.tcp)
	d.sayf("  %s serve --node n4 --tcp 127.0.0.1:0 --http 127.0.0.1:0 --cluster 127.0.0.1:0 --join %s --cluster-secret %s\n",
		d.Command, first.cluster, d.cluster.secret)
	told := make(chan string, heardAtMost)
	for _, p := range d.users {
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

// whoAnswers is a sentence about the users of the tour that are still there.
func (d *demo) whoAnswers() string {
	if len(d.users) == 0 {
		return ""
	}
	users := make([]string, len(d.users))
	for i, p := range d.users {
		users[i] = fmt.Sprintf("%s (on %s)", p.id, p.nodeName())
	}

	return " " + strings.Join(users, " and ") + " answer every message."
}

var (
	errPatience  = errors.New("the demo waited in vain")
	errDisturbed = errors.New("a node was killed or restarted on the page")
)
