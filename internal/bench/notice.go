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
type NoticeOptions struct {
	Nodes   int   // of the cluster, at least 2; one of them is killed
	Clients []int // numbers of clients on that node, each a measurement of its own
	Rounds  int   // with a fresh cluster each; 0: 1
	// Patience is how long the notices and the answers may take; 0: 30 s.
	Patience time.Duration
}

// Notice is what the death of a node has shown, in all rounds together. Times count from the kill.
type NoticeResult struct {
	Binary  string `json:"binary"`
	Nodes   int    `json:"nodes"`
	Clients int    `json:"clients"` // on the killed node, each with a channel to a peer on another node
	// Told is until a peer's client has the push that says that its user is gone.
	Delay Latency `json:"told"`
	// NotFound is until a message to a user of the killed node is answered with "not found":
	// messages of users with no channel to it.
	NotFound Latency `json:"not_found"`
	// Others are the answers of another kind that these messages had before.
	OtherAnswers map[string]int `json:"other_answers,omitempty"`

	delays, notFoundTimes *hdrhistogram.Histogram
}

const (
	noticePatience = 30 * time.Second
	maxProbers     = 20
	channelBatch      = 500 // pairs that log in and open their channels before the next ones do: clients have to answer pings meanwhile
)

func (k NoticeOptions) check() error {
	if k.Nodes < 2 || k.Nodes > maxNodes {
		return fmt.Errorf("--nodes %d: between 2 and %d are possible, one of which is killed", k.Nodes, maxNodes)
	}
	if len(k.Clients) == 0 {
		return errors.New("--clients: give some numbers of clients on the node that is killed")
	}
	for _, n := range k.Clients {
		if n < 1 || n > maxUsers {
			return fmt.Errorf("--clients %d: between 1 and %d are possible", n, maxUsers)
		}
	}

	return nil
}

// notices measures each binary and each number of clients in turn, several rounds.
func (s *Setup) noticeRuns(ctx context.Context, k NoticeOptions) ([]NoticeResult, error) {
	var all []NoticeResult
	each := s.perBinary()
	rounds := max(k.Rounds, 1)
	if k.Patience == 0 {
		k.Patience = noticePatience
	}
	steps := rounds * len(k.Clients) * len(each)
	for round := range rounds {
		for c, clients := range k.Clients {
			for b, sub := range each {
				i := c*len(each) + b
				name := fmt.Sprintf("%s, %d clients", sub.binaryName(), clients)
				one := *sub
				one.Progress = s.progressStep(round*len(k.Clients)*len(each)+i, steps, name).Progress
				n, err := one.noticeRun(ctx, k, clients)
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

func (n *NoticeResult) merge(other NoticeResult) {
	n.delays.Merge(other.delays)
	n.notFoundTimes.Merge(other.notFoundTimes)
	n.Delay, n.NotFound = latencyOf(n.delays), latencyOf(n.notFoundTimes)
	for kind, count := range other.OtherAnswers {
		n.OtherAnswers[kind] += count
	}
}

// death is one run: a node with clients that is killed.
type nodeFailure struct {
	system      *system
	responding   *system // the same users' names, for messages that ask for a response
	clients  int
	patience time.Duration
	ctx      context.Context //nolint:containedctx // of the run, which this is
	fail     context.CancelCauseFunc

	// Owned by the goroutine that runs notice.
	killedClients  []*conn // clients on the node that is killed; the one at i has the peer at i
	peers []*conn // their peers on other nodes
	probers  []*conn

	killed chan struct{} // closed just before the kill
	killedAt     time.Time     // of the kill; valid once killed is closed

	peerReaders   sync.WaitGroup // readers of watched
	delays    recorders
	noticeCount   atomic.Int64  // notices so far
	allNotified chan struct{} // closed with the last notice

	clientReaders   sync.WaitGroup // readers of doomed
	clientsStopped atomic.Bool    // these are told to end
	closing    atomic.Bool    // the run has ended: connections are closed

	notFoundTimes recorders // "not found"
	mu      sync.Mutex
	otherAnswers  map[string]int // answers of another kind; guarded by mu
}

// notice runs one death.
func (s *Setup) noticeRun(ctx context.Context, k NoticeOptions, clients int) (NoticeResult, error) {
	sys, err := s.parleyNodes(ctx, k.Nodes)
	if err != nil {
		return NoticeResult{}, err
	}
	defer sys.stop()
	d := &nodeFailure{
		system: sys, responding: sys.withResponses(""), clients: clients, patience: k.Patience, killed: make(chan struct{}), allNotified: make(chan struct{}),
		delays: newRecorders(maxRecorders), notFoundTimes: newRecorders(1), otherAnswers: map[string]int{},
	}
	d.ctx, d.fail = context.WithCancelCause(ctx)
	defer d.close()
	if err := d.prepare(s); err != nil {
		return NoticeResult{}, sys.explain(ctx, err)
	}
	s.progress(.9, "kill")
	if err := d.run(); err != nil {
		return NoticeResult{}, err
	}
	n := NoticeResult{Binary: sys.name, Nodes: k.Nodes, Clients: clients, OtherAnswers: d.otherAnswers, delays: d.delays.merged(), notFoundTimes: d.notFoundTimes.merged()}
	n.Delay, n.NotFound = latencyOf(n.delays), latencyOf(n.notFoundTimes)

	return n, nil
}

// victim is the node that is killed: the last one.
func (d *nodeFailure) killedNode() int { return len(d.system.addrs) - 1 }

// survivor spreads users over the other nodes.
func (d *nodeFailure) survivingNode(i int) int { return i % d.killedNode() }

// prepare logs the users in, opens the channels and waits until the nodes rest.
func (d *nodeFailure) prepare(s *Setup) error {
	for from := 0; from < d.clients; from += channelBatch {
		s.progress(.8*float64(from)/float64(d.clients), "channels open")
		if err := d.openChannels(from, min(from+channelBatch, d.clients)); err != nil {
			return err
		}
	}
	askers, err := d.responding.loginRange(d.ctx, 2*d.clients, min(maxProbers, d.clients), d.survivingNode, nil)
	if err != nil {
		return err
	}
	d.probers = askers
	s.progress(.8, "nodes rest")
	d.system.awaitIdle(d.ctx)
	d.clientsStopped.Store(true)
	for _, c := range d.killedClients { // their end is no news, and would only keep this process busy when the notices arrive
		if err := c.raw.SetReadDeadline(time.Unix(1, 0)); err != nil {
			return err
		}
	}
	d.clientReaders.Wait()

	return context.Cause(d.ctx)
}

// open logs the pairs in [from, to) in, and opens a channel for each: of two pairs, one is opened
// from the node that is killed.
func (d *nodeFailure) openChannels(from, to int) error {
	conns, err := d.system.loginRange(d.ctx, 2*from, 2*(to-from), func(i int) int {
		if i%2 == 0 {
			return d.killedNode()
		}

		return d.survivingNode(i / 2)
	}, nil)
	if err != nil {
		return err
	}
	for i := 0; i < len(conns); i += 2 {
		d.killedClients, d.peers = append(d.killedClients, conns[i]), append(d.peers, conns[i+1])
	}
	var next atomic.Int64
	next.Store(int64(from))
	var workers sync.WaitGroup
	for range maxConcurrentLogins {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < to && d.ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := exchange(d.killedClients[i], d.peers[i], i%2 == 0); err != nil {
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
		client, peer := d.killedClients[i], d.peers[i] // read here: the next batch appends to both
		d.peerReaders.Go(func() { d.awaitNotice(peer, client.user, d.delays.forWorker(i)) })
		d.clientReaders.Go(func() { d.answerPings(client) })
	}

	return nil
}

// converse sends a message and one back.
func exchange(a, b *conn, aFirst bool) error {
	if !aFirst {
		a, b = b, a
	}
	a.setRecipient(b.user, stampSize)
	b.setRecipient(a.user, stampSize)
	for _, way := range [][2]*conn{{a, b}, {b, a}} {
		if err := way[1].raw.SetReadDeadline(time.Now().Add(loginTimeout)); err != nil {
			return err
		}
		err := way[0].send(1)
		if err == nil {
			_, err = way[1].receive()
		}
		if err != nil {
			return fmt.Errorf("a message from %s to %s: %w", way[0], way[1], err)
		}
		if err := way[1].raw.SetReadDeadline(time.Time{}); err != nil {
			return err
		}
	}

	return nil
}

// run kills the node and waits for all notices and answers.
func (d *nodeFailure) run() error {
	var asks sync.WaitGroup
	for i, c := range d.probers {
		asks.Go(func() { d.probeNotFound(c, d.killedClients[i*len(d.killedClients)/len(d.probers)].user) })
	}
	d.killedAt = time.Now()
	close(d.killed)
	if err := d.system.procs[d.killedNode()].kill(); err != nil {
		d.fail(err)
	}
	late := time.NewTimer(d.patience)
	defer late.Stop()
	select {
	case <-d.allNotified:
	case <-d.ctx.Done():
	case <-late.C:
		d.fail(fmt.Errorf("%d of %d peers have no notice %s after the kill", int64(d.clients)-d.noticeCount.Load(), d.clients, d.patience))
	}
	asks.Wait()

	return context.Cause(d.ctx)
}

// ask sends messages to a user of the killed node until one is answered with "not found".
func (d *nodeFailure) probeNotFound(c *conn, user uint32) {
	<-d.killed
	c.setRecipient(user, stampSize)
	if err := c.raw.SetReadDeadline(d.killedAt.Add(d.patience)); err != nil {
		d.fail(err)

		return
	}
	for d.ctx.Err() == nil {
		err := c.send(0)
		if err == nil {
			err = c.response()
		}
		refusal, answered := errors.AsType[*refused](err)
		switch {
		case notFound(err):
			d.notFoundTimes.forWorker(0).add(time.Since(d.killedAt))

			return
		case err != nil && !answered:
			d.fail(fmt.Errorf("%s: no answer to a message to a user of the killed node: %w", c, err))

			return
		}
		kind := "delivered"
		if answered {
			kind = refusal.code.String()
		}
		d.mu.Lock()
		d.otherAnswers[kind]++
		d.mu.Unlock()
		pause(time.Millisecond)
		if time.Since(d.killedAt) > d.patience {
			d.fail(fmt.Errorf("%s: a message to a user of the killed node is not answered with \"not found\" in %s, but %q", c, d.patience, kind))
		}
	}
}

// end closes all connections and waits for the readers.
func (d *nodeFailure) close() {
	d.closing.Store(true)
	d.fail(nil)
	closeConns(d.killedClients)
	closeConns(d.peers)
	closeConns(d.probers)
	d.peerReaders.Wait()
	d.clientReaders.Wait()
}
