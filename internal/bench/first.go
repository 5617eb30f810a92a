package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/auth"
)

// Finding is what the first message to somebody costs in a cluster of so many nodes.
type Finding struct {
	Nodes    int     `json:"nodes"`
	First    Latency `json:"first_message"` // from sending until it is there
	NotFound Latency `json:"not_found"`     // from sending until the answer
}

const mostNodes = 64

func checkNodes(nodes []int) error {
	for _, n := range nodes {
		if n < 1 || n > mostNodes {
			return fmt.Errorf("--nodes %d: between 1 and %d are possible", n, mostNodes)
		}
	}
	if len(nodes) == 0 {
		return fmt.Errorf("--nodes: give some numbers between 1 and %d", mostNodes)
	}

	return nil
}

func checkFinds(nodes []int, samples int) error {
	if samples < 1 || samples > mostUsers {
		return fmt.Errorf("--samples %d: between 1 and %d are possible", samples, mostUsers)
	}

	return checkNodes(nodes)
}

// instances starts n nodes inside this process.
func (s *Setup) instances(ctx context.Context, n int) (sys *system, stop func(), err error) {
	key := auth.NewKey()
	sys = &system{name: parleyName, proto: s.protocol(key)}
	secret := rand.Text()
	var nodes []*parley.Server
	stop = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		var stops sync.WaitGroup
		for _, node := range nodes {
			stops.Go(func() { _ = node.Stop(ctx) })
		}
		stops.Wait()
	}
	var join []string
	for i := range n {
		s.progress(float64(i)/float64(n), "nodes start")
		cfg := parley.Config{
			Node: "bench-" + strconv.Itoa(i+1), TCP: loopback, HTTP: loopback, AuthKey: key.Secret(), LogLevel: "error",
		}
		if n > 1 {
			cfg.Cluster, cfg.Join, cfg.ClusterSecret = loopback, join, secret
		}
		node, err := parley.New(cfg)
		if err != nil {
			stop()

			return nil, nil, err
		}
		node.DM().ExposeCommands()
		if err := node.Start(ctx); err != nil {
			stop()

			return nil, nil, fmt.Errorf("node %d: %w", i+1, err)
		}
		nodes = append(nodes, node)
		if i < mostJoined {
			join = append(join, node.ClusterAddr())
		}
		addr := node.TCPAddr()
		if s.WebSocket {
			addr = node.HTTPAddr()
		}
		sys.addrs = append(sys.addrs, addr)
	}

	return sys, stop, nil
}

// warmupFinds is how many first messages go to each node, and leastWarmup how many there are at least, before those that count: they load what
// a node has not used yet.
const (
	warmupFinds = 3
	leastWarmup = 20
)

// mostJoined is how many nodes are named to a new one; they tell of the rest.
const mostJoined = 3

// find sends first messages, one at a time: each from one user on the first node to another user who has never been written
// to, on each of the other nodes in turn; and as many to users who are not there.
func (s *Setup) find(ctx context.Context, sys *system, samples int) (Finding, error) {
	if p, ok := sys.proto.(*parleyProtocol); ok {
		p.ack = true // so that a message that fails says so
	}
	f := Finding{Nodes: len(sys.addrs)}
	others := max(len(sys.addrs)-1, 1)
	warm := max(warmupFinds*others, leastWarmup)
	lines, err := sys.crowd(ctx, 1+warm+samples, func(i int) int {
		if i == 0 || len(sys.addrs) == 1 {
			return 0
		}

		return 1 + i%others
	}, nil)
	if err != nil {
		return f, err
	}
	defer closeLines(lines)
	sys.rest(ctx)
	for _, l := range lines {
		if err := l.conn.SetReadDeadline(time.Now().Add(loginTime + time.Duration(samples)*defaultPatience)); err != nil {
			return f, err
		}
	}
	unwatched := context.AfterFunc(ctx, func() { closeLines(lines) })
	defer unwatched()
	first, missing := newRecorders(1), newRecorders(1)
	for i, to := range lines[1:] {
		s.progress(float64(i)/float64(warm+samples), "first messages")
		took, err := firstMessage(lines[0], to)
		if err != nil {
			return f, fmt.Errorf("the first message to %s: %w", to, err)
		}
		none, err := missed(lines[0], uint32(len(lines)+i))
		if err != nil {
			return f, err
		}
		if i >= warm {
			first.of(0).add(took)
			missing.of(0).add(none)
		}
	}
	f.First, f.NotFound = latencyOf(first.merged()), latencyOf(missing.merged())

	return f, nil
}

// firstMessage sends one message and waits until it is there, and answered.
func firstMessage(from, to *line) (time.Duration, error) {
	from.aim(to.user, stampSize)
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
		to.close() // what has failed never arrives
	}
	if e := <-arrived; err == nil {
		err = e
	}
	if err == nil && at != uint64(to.user) {
		err = fmt.Errorf("what arrives is stamped %d, not %d", at, to.user)
	}

	return took, err
}

// missed sends a message to nobody and waits for the answer.
func missed(from *line, nobody uint32) (time.Duration, error) {
	from.aim(nobody, stampSize)
	begin := time.Now()
	if err := from.send(0); err != nil {
		return 0, err
	}
	err := from.response()
	if notFound(err) {
		return time.Since(begin), nil
	}
	if err == nil {
		err = errors.New("a message to nobody was delivered")
	}

	return 0, err
}
