package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Killing says how the notice of a node's death is measured.
type Killing struct {
	Nodes   int   // of the cluster, at least 2; one of them is killed
	Clients []int // numbers of clients on that node, each a measurement of its own
	Rounds  int   // with a fresh cluster each; 0: 1
	// Patience is how long the notices and the answers may take; 0: 30 s.
	Patience time.Duration
}

// Notice is what the death of a node has shown, in all rounds together. Times count from the kill.
type Notice struct {
	Binary  string `json:"binary"`
	Nodes   int    `json:"nodes"`
	Clients int    `json:"clients"` // on the killed node, each with a channel to a peer on another node
	// Told is until a peer's client has the push that says that its user is gone.
	Told Latency `json:"told"`
	// NotFound is until a message to a user of the killed node is answered with "not found":
	// messages of users with no channel to it.
	NotFound Latency `json:"not_found"`
	// Others are the answers of another kind that these messages had before.
	Others map[string]int `json:"other_answers,omitempty"`

	told, notFound *hdrhistogram.Histogram
}

const (
	noticePatience = 30 * time.Second
	mostAskers     = 20
	openBatch      = 500 // pairs that log in and open their channels before the next ones do: clients have to answer pings meanwhile
)

func (k Killing) check() error {
	if k.Nodes < 2 || k.Nodes > mostNodes {
		return fmt.Errorf("--nodes %d: between 2 and %d are possible, one of which is killed", k.Nodes, mostNodes)
	}
	if len(k.Clients) == 0 {
		return errors.New("--clients: give some numbers of clients on the node that is killed")
	}
	for _, n := range k.Clients {
		if n < 1 || n > mostUsers {
			return fmt.Errorf("--clients %d: between 1 and %d are possible", n, mostUsers)
		}
	}

	return nil
}

// notices measures each binary and each number of clients in turn, several rounds.
func (s *Setup) notices(ctx context.Context, k Killing) ([]Notice, error) {
	var all []Notice
	each := s.each()
	rounds := max(k.Rounds, 1)
	if k.Patience == 0 {
		k.Patience = noticePatience
	}
	steps := rounds * len(k.Clients) * len(each)
	for round := range rounds {
		for c, clients := range k.Clients {
			for b, sub := range each {
				i := c*len(each) + b
				name := fmt.Sprintf("%s, %d clients", sub.nodesName(), clients)
				one := *sub
				one.Progress = s.step(round*len(k.Clients)*len(each)+i, steps, name).Progress
				n, err := one.notice(ctx, k, clients)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				if round == 0 {
					all = append(all, n)
				} else {
					all[i].merge(n)
				}
			}
		}
	}

	return all, nil
}

func (n *Notice) merge(other Notice) {
	n.told.Merge(other.told)
	n.notFound.Merge(other.notFound)
	n.Told, n.NotFound = latencyOf(n.told), latencyOf(n.notFound)
	for kind, count := range other.Others {
		n.Others[kind] += count
	}
}

// death is one run: a node with clients that is killed.
type death struct {
	sys      *system
	asking   *system // the same users' names, for messages that ask for a response
	clients  int
	patience time.Duration
	ctx      context.Context //nolint:containedctx // of the run, which this is
	fail     context.CancelCauseFunc

	// Owned by the goroutine that runs notice.
	doomed  []*line // clients on the node that is killed; the one at i has the peer at i
	watched []*line // their peers on other nodes
	askers  []*line

	killed chan struct{} // closed just before the kill
	at     time.Time     // of the kill; valid once killed is closed

	peers   sync.WaitGroup // readers of watched
	told    recorders
	count   atomic.Int64  // notices so far
	toldAll chan struct{} // closed with the last notice

	dying   sync.WaitGroup // readers of doomed
	stopped atomic.Bool    // these are told to end
	over    atomic.Bool    // the run has ended: connections are closed

	answers recorders // "not found"
	mu      sync.Mutex
	others  map[string]int // answers of another kind; guarded by mu
}

// notice runs one death.
func (s *Setup) notice(ctx context.Context, k Killing, clients int) (Notice, error) {
	sys, err := s.parley(ctx, k.Nodes)
	if err != nil {
		return Notice{}, err
	}
	defer sys.stop()
	d := &death{
		sys: sys, asking: sys.acking(""), clients: clients, patience: k.Patience, killed: make(chan struct{}), toldAll: make(chan struct{}),
		told: newRecorders(mostRecorders), answers: newRecorders(1), others: map[string]int{},
	}
	d.ctx, d.fail = context.WithCancelCause(ctx)
	defer d.end()
	if err := d.prepare(s); err != nil {
		return Notice{}, sys.because(ctx, err)
	}
	s.progress(.9, "kill")
	if err := d.run(); err != nil {
		return Notice{}, err
	}
	n := Notice{Binary: sys.name, Nodes: k.Nodes, Clients: clients, Others: d.others, told: d.told.merged(), notFound: d.answers.merged()}
	n.Told, n.NotFound = latencyOf(n.told), latencyOf(n.notFound)

	return n, nil
}

// victim is the node that is killed: the last one.
func (d *death) victim() int { return len(d.sys.addrs) - 1 }

// survivor spreads users over the other nodes.
func (d *death) survivor(i int) int { return i % d.victim() }

// prepare logs the users in, opens the channels and waits until the nodes rest.
func (d *death) prepare(s *Setup) error {
	for from := 0; from < d.clients; from += openBatch {
		s.progress(.8*float64(from)/float64(d.clients), "channels open")
		if err := d.open(from, min(from+openBatch, d.clients)); err != nil {
			return err
		}
	}
	askers, err := d.asking.crowdFrom(d.ctx, 2*d.clients, min(mostAskers, d.clients), d.survivor, nil)
	if err != nil {
		return err
	}
	d.askers = askers
	s.progress(.8, "nodes rest")
	d.sys.rest(d.ctx)
	d.stopped.Store(true)
	for _, l := range d.doomed { // their end is no news, and would only keep this process busy when the notices arrive
		if err := l.conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
			return err
		}
	}
	d.dying.Wait()

	return context.Cause(d.ctx)
}

// open logs the pairs in [from, to) in, and opens a channel for each: of two pairs, one is opened
// from the node that is killed.
func (d *death) open(from, to int) error {
	lines, err := d.sys.crowdFrom(d.ctx, 2*from, 2*(to-from), func(i int) int {
		if i%2 == 0 {
			return d.victim()
		}

		return d.survivor(i / 2)
	}, nil)
	if err != nil {
		return err
	}
	for i := 0; i < len(lines); i += 2 {
		d.doomed, d.watched = append(d.doomed, lines[i]), append(d.watched, lines[i+1])
	}
	var next atomic.Int64
	next.Store(int64(from))
	var workers sync.WaitGroup
	for range openAtOnce {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < to && d.ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := converse(d.doomed[i], d.watched[i], i%2 == 0); err != nil {
					d.fail(err)

					return
				}
			}
		})
	}
	workers.Wait()
	if err := context.Cause(d.ctx); err != nil {
		return err
	}
	for i := from; i < to; i++ {
		client, peer := d.doomed[i], d.watched[i] // read here: the next batch appends to both
		d.peers.Go(func() { d.watch(peer, client.user, d.told.of(i)) })
		d.dying.Go(func() { d.attend(client) })
	}

	return nil
}

// converse sends a message and one back.
func converse(a, b *line, aFirst bool) error {
	if !aFirst {
		a, b = b, a
	}
	a.aim(b.user, stampSize)
	b.aim(a.user, stampSize)
	for _, way := range [][2]*line{{a, b}, {b, a}} {
		if err := way[1].conn.SetReadDeadline(time.Now().Add(loginTime)); err != nil {
			return err
		}
		err := way[0].send(1)
		if err == nil {
			_, err = way[1].receive()
		}
		if err != nil {
			return fmt.Errorf("a message from %s to %s: %w", way[0], way[1], err)
		}
		if err := way[1].conn.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
	}

	return nil
}

// run kills the node and waits for all notices and answers.
func (d *death) run() error {
	var asks sync.WaitGroup
	for i, l := range d.askers {
		asks.Go(func() { d.ask(l, d.doomed[i*len(d.doomed)/len(d.askers)].user) })
	}
	d.at = time.Now()
	close(d.killed)
	if err := d.sys.procs[d.victim()].kill(); err != nil {
		d.fail(err)
	}
	late := time.NewTimer(d.patience)
	defer late.Stop()
	select {
	case <-d.toldAll:
	case <-d.ctx.Done():
	case <-late.C:
		d.fail(fmt.Errorf("%d of %d peers have no notice %s after the kill", int64(d.clients)-d.count.Load(), d.clients, d.patience))
	}
	asks.Wait()

	return context.Cause(d.ctx)
}

// ask sends messages to a user of the killed node until one is answered with "not found".
func (d *death) ask(l *line, user uint32) {
	<-d.killed
	l.aim(user, stampSize)
	if err := l.conn.SetReadDeadline(d.at.Add(d.patience)); err != nil {
		d.fail(err)

		return
	}
	for d.ctx.Err() == nil {
		err := l.send(0)
		if err == nil {
			err = l.response()
		}
		refusal, answered := errors.AsType[*refused](err)
		switch {
		case notFound(err):
			d.answers.of(0).add(time.Since(d.at))

			return
		case err != nil && !answered:
			d.fail(fmt.Errorf("%s: no answer to a message to a user of the killed node: %w", l, err))

			return
		}
		kind := "delivered"
		if answered {
			kind = refusal.code.String()
		}
		d.mu.Lock()
		d.others[kind]++
		d.mu.Unlock()
		pause(time.Millisecond)
		if time.Since(d.at) > d.patience {
			d.fail(fmt.Errorf("%s: a message to a user of the killed node is not answered with \"not found\" in %s, but %q", l, d.patience, kind))
		}
	}
}

// end closes all connections and waits for the readers.
func (d *death) end() {
	d.over.Store(true)
	d.fail(nil)
	closeLines(d.doomed)
	closeLines(d.watched)
	closeLines(d.askers)
	d.peers.Wait()
	d.dying.Wait()
}
