package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// nodeFailure is one run: it kills a node that has clients.
type nodeFailure struct {
	system     *system
	responding *system // the same users' names, for messages that ask for a response
	clients    int
	patience   time.Duration
	ctx        context.Context //nolint:containedctx // of the run, which this is
	fail       context.CancelCauseFunc

	// Owned by the goroutine that runs notice.
	killedClients []*conn // clients on the node that is killed; the one at i has the peer at i
	peers         []*conn // their peers on other nodes
	probers       []*conn

	killed   chan struct{} // closed just before the kill
	killedAt time.Time     // of the kill; valid once killed is closed

	peerReaders sync.WaitGroup // readers of peers
	delays      recorders
	noticeCount atomic.Int64  // notices so far
	allNotified chan struct{} // closed with the last notice

	clientReaders  sync.WaitGroup // readers of killedClients
	clientsStopped atomic.Bool    // clientReaders may end without an error
	closing        atomic.Bool    // the run has ended: connections are closed

	notFoundTimes recorders // "not found"
	mu            sync.Mutex
	otherAnswers  map[string]int // answers of another kind; guarded by mu
}

// killedNode is the index of the node to kill: the last one.
func (d *nodeFailure) killedNode() int { return len(d.system.addrs) - 1 }

// survivingNode returns a node for user i, other than the killed one.
func (d *nodeFailure) survivingNode(i int) int { return i % d.killedNode() }

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

// close closes all connections and waits for the readers.
func (d *nodeFailure) close() {
	d.closing.Store(true)
	d.fail(nil)
	closeConns(d.killedClients)
	closeConns(d.peers)
	closeConns(d.probers)
	d.peerReaders.Wait()
	d.clientReaders.Wait()
}
