package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// Finding is what the first message to a user costs in a cluster of so many nodes.
type Finding struct {
	Binary   string  `json:"binary"`
	Nodes    int     `json:"nodes"`
	First    Latency `json:"first_message"`      // from sending until it is there
	NotFound Latency `json:"not_found"`          // from sending until the answer
	Rest     float64 `json:"rest_ms_per_second"` // CPU time of all nodes before; 0: not known
	Busy     float64 `json:"machine_busy"`       // share of all processors that was in use meanwhile, by all programs; 0: not known
	Own      float64 `json:"own_busy"`           // share of all processors that nodes and generator used; 0: not known
}

// busyMachine is the share of the processors in use from which on times say more about the machine
// than about the nodes: a message waits for a processor.
const busyMachine = .8

func (f Finding) cpuBound() bool { return f.Busy >= busyMachine }

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

// warmupFinds is how many first messages go to each node, and leastWarmup how many there are at
// least, before those that count: they load what a node has not used yet.
const (
	warmupFinds = 3
	leastWarmup = 20
)

// find sends first messages, one at a time: each from one user on the first node to another user
// without any channel, on each of the other nodes in turn; and as many to users that are not
// connected.
func (s *Setup) find(ctx context.Context, sys *system, samples int) (Finding, error) {
	sys = sys.acking("") // a message that fails says so
	f := Finding{Binary: sys.name, Nodes: len(sys.addrs)}
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
	f.Rest = sys.restCPU(ctx, s.restTime())
	for _, l := range lines {
		if err := l.conn.SetReadDeadline(time.Now().Add(loginTime + time.Duration(samples)*defaultPatience)); err != nil {
			return f, err
		}
	}
	unwatched := context.AfterFunc(ctx, func() { closeLines(lines) })
	defer unwatched()
	first, missing := newRecorders(1), newRecorders(1)
	var busy, all float64
	var used time.Duration
	var since time.Time
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
		if i+1 == warm {
			busy, all, _ = machineTime()
			used, since = sys.allCPU(), time.Now()
		}
		if i >= warm {
			first.of(0).add(took)
			missing.of(0).add(none)
		}
	}
	if b, a, ok := machineTime(); ok && a > all {
		f.Busy = (b - busy) / (a - all)
		f.Own = float64(sys.allCPU()-used) / float64(time.Since(since)) / float64(runtime.NumCPU())
	}
	f.First, f.NotFound = latencyOf(first.merged()), latencyOf(missing.merged())

	return f, nil
}

// allCPU is the CPU time of servers and generator so far.
func (s *system) allCPU() time.Duration {
	servers, _ := s.cpu()
	own, _ := cpuTime(pid())

	return servers + own
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

// missed sends a message to a user that is not connected and waits for the answer.
func missed(from *line, absent uint32) (time.Duration, error) {
	from.aim(absent, stampSize)
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

// finds measures first messages with each binary and each number of nodes in turn, several rounds.
// The result has one entry for each, in that order: that of the round whose first messages have the
// middle p50.
func (s *Setup) finds(ctx context.Context, nodes []int, samples, rounds int) ([]Finding, error) {
	runs := s.runs(nodes)
	all := make([][]Finding, len(runs))
	for round := range rounds {
		for i, r := range runs {
			sub := *r.setup
			sub.Progress = s.step(round*len(runs)+i, rounds*len(runs), r.name()).Progress
			f, err := sub.freshFind(ctx, r.nodes, samples)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name(), err)
			}
			all[i] = append(all[i], f)
		}
	}
	var result []Finding
	for _, of := range all {
		slices.SortFunc(of, func(a, b Finding) int { return cmp.Compare(a.First.P50, b.First.P50) })
		result = append(result, of[(len(of)-1)/2])
	}

	return result, nil
}

// freshFind measures a cluster that it starts.
func (s *Setup) freshFind(ctx context.Context, nodes, samples int) (Finding, error) {
	sys, err := s.parley(ctx, nodes)
	if err != nil {
		return Finding{}, err
	}
	defer sys.stop()

	return s.find(ctx, sys, samples)
}

// findTable shows first messages by number of nodes.
func (s *Setup) findTable(all []Finding) Table {
	t := Table{Head: []string{
		"first message", "count", "first p50", "p90", "p99", "max", "not found p50", "p90", "p99", "max", "all nodes rest", "machine busy",
		"p50 to the least", "budget",
	}}
	for _, f := range all {
		a, b := f.First, f.NotFound
		ratio := 0.0
		least := slices.IndexFunc(all, func(o Finding) bool { return o.Binary == f.Binary && o.Nodes > 1 })
		if least >= 0 && f.Nodes > all[least].Nodes && all[least].First.P50 > 0 {
			ratio = a.P50 / all[least].First.P50
		}
		budget := "≤ 1 ms both"
		if ratio > 0 {
			budget += fmt.Sprintf(", ≤ 1.2 × that of %d", all[least].Nodes)
		}
		flat := ratio <= budgetFlat
		if f.cpuBound() {
			budget, flat = budget+" (bound by CPU)", true
		}
		kept := a.P50 <= budgetFirst && b.P50 <= budgetNotFound && flat
		t.add(s.rowName(nodesOf(f.Nodes), f.Binary), strconv.FormatUint(a.Count, 10), us(a.P50), us(a.P90), us(a.P99), us(a.Max),
			us(b.P50), us(b.P90), us(b.P99), us(b.Max), known(f.Rest, perSecond), known(100*f.Busy, percent), times(ratio),
			marked(budget, a.Count > 0, kept))
	}

	return t
}

// findNotes say what first messages are, and when they are not to be compared.
func findNotes(all []Finding) []string {
	notes := []string{
		"first message: from sending one to a user on another node (with 1 node: the same) until it is there; not found: until the answer",
		"first messages go one at a time, with nothing else going on; each node is a process",
	}
	for _, f := range all {
		if f.cpuBound() {
			notes = append(notes, fmt.Sprintf("bound by CPU: with %s (%s) %s of the machine's processors were in use, "+
				"%s by nodes and generator, and messages waited for one", nodesOf(f.Nodes), f.Binary, percent(100*f.Busy), percent(100*f.Own)))
		}
	}

	return notes
}

func percent(v float64) string { return number(v) + " %" }
