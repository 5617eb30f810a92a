package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// FirstMessage is the latency of a first message to a user, in a cluster of Nodes nodes.
type FirstMessage struct {
	Binary    string  `json:"binary"`
	Nodes     int     `json:"nodes"`
	Delivered Latency `json:"first_message"`      // from sending until it is there
	NotFound  Latency `json:"not_found"`          // from sending until the answer
	Rest      float64 `json:"rest_ms_per_second"` // CPU time of all nodes before; 0: not known
	Busy      float64 `json:"machine_busy"`       // share of all processors that was in use meanwhile, by all programs; 0: not known
	OwnBusy   float64 `json:"own_busy"`           // share of all processors that nodes and generator used; 0: not known
}

// cpuBoundShare is the share of busy processors above which a run counts as bound by CPU: messages
// wait for a processor.
const cpuBoundShare = .8

func (f FirstMessage) cpuBound() bool { return f.Busy >= cpuBoundShare }

func checkFirstMessages(nodes []int, samples int) error {
	if samples < 1 || samples > maxUsers {
		return fmt.Errorf("--samples %d: between 1 and %d are possible", samples, maxUsers)
	}

	return checkNodes(nodes)
}

// warmupFinds is how many first messages go to each node, and leastWarmup how many there are at
// least, before those that count: they load what a node has not used yet.
const (
	warmupPerNode = 3
	minWarmup     = 20
)

// measureFirstMessages sends first messages, one at a time: each from one user on the first node to
// another user without any channel, on each of the other nodes in turn; and as many to users that
// are not connected.
func (s *Setup) measureFirstMessages(ctx context.Context, sys *system, samples int) (FirstMessage, error) {
	sys = sys.withResponses("") // a message that fails says so
	f := FirstMessage{Binary: sys.name, Nodes: len(sys.addrs)}
	others := max(len(sys.addrs)-1, 1)
	warm := max(warmupPerNode*others, minWarmup)
	conns, err := sys.loginUsers(ctx, 1+warm+samples, func(i int) int {
		if i == 0 || len(sys.addrs) == 1 {
			return 0
		}

		return 1 + i%others
	}, nil)
	if err != nil {
		return f, err
	}
	defer closeConns(conns)
	sys.awaitIdle(ctx)
	f.Rest = sys.idleCPU(ctx, s.idleTime())
	for _, c := range conns {
		if err := c.raw.SetReadDeadline(time.Now().Add(loginTimeout + time.Duration(samples)*defaultPatience)); err != nil {
			return f, err
		}
	}
	unwatched := context.AfterFunc(ctx, func() { closeConns(conns) })
	defer unwatched()
	first, missing := newRecorders(1), newRecorders(1)
	var busy, all float64
	var used time.Duration
	var since time.Time
	for i, to := range conns[1:] {
		s.progress(float64(i)/float64(warm+samples), "first messages")
		took, err := deliveryTime(conns[0], to)
		if err != nil {
			return f, fmt.Errorf("the first message to %s: %w", to, err)
		}
		none, err := notFoundTime(conns[0], uint32(len(conns)+i))
		if err != nil {
			return f, err
		}
		if i+1 == warm {
			busy, all, _ = machineTime()
			used, since = sys.allCPU(), time.Now()
		}
		if i >= warm {
			first.forWorker(0).add(took)
			missing.forWorker(0).add(none)
		}
	}
	if b, a, ok := machineTime(); ok && a > all {
		f.Busy = (b - busy) / (a - all)
		f.OwnBusy = float64(sys.allCPU()-used) / float64(time.Since(since)) / float64(runtime.NumCPU())
	}
	f.Delivered, f.NotFound = latencyOf(first.merged()), latencyOf(missing.merged())

	return f, nil
}

// allCPU is the CPU time of servers and generator so far.
func (s *system) allCPU() time.Duration {
	servers, _ := s.cpu()
	own, _ := cpuTime(pid())

	return servers + own
}

// deliveryTime sends one message, waits for its arrival and its response, and returns the time to
// the arrival.
func deliveryTime(from, to *conn) (time.Duration, error) {
	from.setRecipient(to.user, stampSize)
	begin := time.Now()
	if err := from.send(uint64(to.user)); err != nil {
		return 0, err
	}
	arrived := make(chan error, 1)
	var at uint64
	var took time.Duration
	go func() {
		var err error
		at, err = to.receive()
		took = time.Since(begin)
		arrived <- err
	}()
	err := from.response()
	if err != nil {
		to.close() // a refused message never arrives: end the reader
	}
	if e := <-arrived; err == nil {
		err = e
	}
	if err == nil && at != uint64(to.user) {
		err = fmt.Errorf("what arrives is stamped %d, not %d", at, to.user)
	}

	return took, err
}

// notFoundTime sends a message to an absent user and returns the time to the response "user not
// found".
func notFoundTime(from *conn, absent uint32) (time.Duration, error) {
	from.setRecipient(absent, stampSize)
	begin := time.Now()
	if err := from.send(0); err != nil {
		return 0, err
	}
	err := from.response()
	if notFound(err) {
		return time.Since(begin), nil
	}
	if err == nil {
		err = errors.New("a message to a user that is not connected was delivered")
	}

	return 0, err
}

// firstMessageRuns measures first messages with each binary and each number of nodes in turn,
// several rounds. The result has one entry for each, in that order: that of the round whose first
// messages have the middle p50.
func (s *Setup) firstMessageRuns(ctx context.Context, nodes []int, samples, rounds int) ([]FirstMessage, error) {
	all, err := inRounds(s, nodes, rounds, func(s *Setup, nodes int) (FirstMessage, error) { return s.firstMessageRun(ctx, nodes, samples) })
	if err != nil {
		return nil, err
	}
	var result []FirstMessage
	for _, of := range all {
		slices.SortFunc(of, func(a, b FirstMessage) int { return cmp.Compare(a.Delivered.P50, b.Delivered.P50) })
		result = append(result, of[(len(of)-1)/2])
	}

	return result, nil
}

// firstMessageRun starts a cluster and measures it.
func (s *Setup) firstMessageRun(ctx context.Context, nodes, samples int) (FirstMessage, error) {
	sys, err := s.parleyNodes(ctx, nodes)
	if err != nil {
		return FirstMessage{}, err
	}
	defer sys.stop()

	return s.measureFirstMessages(ctx, sys, samples)
}
